"""Exceptions with an end: who owns one, who approved it, and until when it holds."""

from gleis.waivers.matcher import malformed, match, today_of
from gleis.waivers.waiver import MAXIMUM_DAYS, Waiver, load, parse

__all__ = ["MAXIMUM_DAYS", "Waiver", "load", "malformed", "match", "parse", "today_of"]
