"""Whose wrong tries these are: the address of a browser, as the trusted proxy in front of us tells it."""

from ipaddress import IPv6Address, ip_address, ip_network

from fastapi import Request


def address_of(request: Request) -> str:
    """The address; of IPv6 the network of a household, of which one person may use any number of addresses.

    Behind a proxy it is the visitor's own where MOTCUA_TRUSTED_PROXIES names the proxy (docs/operating.md).
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    return str(ip_network((address, 64), strict=False)) if isinstance(address, IPv6Address) else host


def is_secure(request: Request) -> bool:
    """Whether the browser came by HTTPS."""
    return request.url.scheme == "https" or request.headers.get("x-forwarded-proto") == "https"
