"""The ASGI application: the channels' routes, health."""
