"""Exceptions with an end: who owns one, who approved it, and until when it holds."""

from gleis.waivers.matcher import hold, malformed, match, today_of
from gleis.waivers.waiver import MAXIMUM_DAYS, STAGES, Waiver, load, parse

__all__ = [
    "MAXIMUM_DAYS",
    "STAGES",
    "Waiver",
    "hold",
    "load",
    "malformed",
    "match",
    "parse",
    "today_of",
]
