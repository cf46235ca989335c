"""Levels of government and who may apply, in the words of the portal's pages and documents."""

import re
from typing import Literal

Levels = tuple[Literal["ministry", "province", "commune"], ...]


def levels_in(text: str) -> Levels:
    """Which levels "Cấp Bộ, Cấp Tỉnh, Cấp Xã" names."""
    folded = text.casefold()
    levels: list[Literal["ministry", "province", "commune"]] = []
    if "cấp bộ" in folded or "trung ương" in folded:
        levels.append("ministry")
    if "cấp tỉnh" in folded:
        levels.append("province")
    if "cấp xã" in folded:
        levels.append("commune")
    return tuple(levels)


def audience_in(text: str) -> tuple[str, ...]:
    """Who may apply, out of "Công dân Việt Nam, Tổ chức (không bao gồm doanh nghiệp, HTX)"."""
    parts = re.split(r",\s+(?=[A-ZĐ][a-zà-ỹ])(?![^()]*\))", text)
    return tuple(dict.fromkeys(part.strip() for part in parts if part.strip()))
