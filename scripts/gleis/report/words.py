"""Numbers, times and digests in the words of the report."""

from __future__ import annotations

import math
from datetime import datetime

UNKNOWN = "\N{EN DASH}"  # stands where the evidence says nothing
MINUS = "\N{MINUS SIGN}"
THIN = "\N{NARROW NO-BREAK SPACE}"


def number(value: float | None, digits: int | None = None) -> str:
    """`value` with four decimals below 10, fewer above; whole numbers stay whole."""
    if value is None or not math.isfinite(value):
        return UNKNOWN
    size = abs(value)
    if digits is None:
        if value == int(value) and size >= 10:
            digits = 0
        elif size != 0 and (size < 1e-3 or size >= 1e9):
            return f"{value:.3g}".replace("-", MINUS)
        else:
            digits = 4 if size < 10 else 2 if size < 1000 else 0
    return f"{value:,.{digits}f}".replace(",", THIN).replace("-", MINUS)


def count(value: float | None) -> str:
    return number(value, 0) if value is not None else UNKNOWN


def apart(left: float | None, right: float | None) -> tuple[str, str]:
    """Both numbers with as many decimals as it takes to tell them apart, as a gate must."""
    texts = number(left), number(right)
    if left is None or right is None or left == right:
        return texts
    for digits in range(4, 16):
        if texts[0] != texts[1]:
            return texts
        texts = number(left, digits), number(right, digits)
    return texts


def signed(value: float | None, like: str = "") -> str:
    """A difference with its sign, with as many decimals as the number `like` shows."""
    if value is None:
        return UNKNOWN
    digits = len(like.partition(".")[2]) if like and "e" not in like else None
    text = number(value, digits)
    if not any(digit in text for digit in "123456789"):
        text = number(value)
    return text if value < 0 else f"+{text}" if value > 0 else "±0"


def duration(seconds: float | None) -> str:
    """`0.24 s`, `12.3 s`, `3 min 05 s`, `2 h 04 min`."""
    if seconds is None:
        return UNKNOWN
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.3g} ms" if seconds < 1 else duration(seconds)


def moment(time: datetime | None) -> str:
    """A time in UTC, to the second."""
    return f"{time:%Y-%m-%d %H:%M:%S} UTC" if time else UNKNOWN


def short(digest: str) -> str:
    """The first twelve characters of a digest or commit."""
    return digest[:12] if digest else UNKNOWN


def middle(text: str, limit: int) -> str:
    """`text` cut in its middle to `limit` characters, both ends kept."""
    if len(text) <= limit:
        return text
    left = (limit - 1) // 2
    return f"{text[:left]}…{text[len(text) - (limit - 1 - left) :]}"
