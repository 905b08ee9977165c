"""Where the ticks of an axis go, and how wide a text is on it."""

from __future__ import annotations

import unicodedata
from math import ceil, floor, log10

__all__ = ["log_ticks", "ticks", "width"]

_STEPS = (1, 2, 5, 10)
_AVERAGE = 0.58  # of the font's size; digits and lower-case letters of the usual fonts


def ticks(highest: int, most: int = 5) -> list[int]:
    """From 0 to `highest` or just above, in steps of 1, 2 or 5 times a power of ten.

    These are counts, so no step is smaller than 1.
    """
    rough = max(highest / most, 1)
    power = 10 ** floor(log10(rough))
    step = next(n * power for n in _STEPS if n * power >= rough)
    return list(range(0, step * max(1, ceil(highest / step)) + 1, step))


def log_ticks(highest: int, most: int = 7) -> list[int]:
    """From 1 to `highest` or just below, on a logarithmic axis: 1, 2, 5, 10, or powers of ten."""
    decades = len(str(max(highest, 1)))
    found = [n * 10**power for power in range(decades) for n in (1, 2, 5)]
    found = [mark for mark in found if mark <= max(highest, 1)]
    if len(found) <= most:
        return found
    return [10**power for power in range(0, decades, ceil(decades / most))]


def width(text: str, size: float) -> float:
    """About how wide a text is in pixels, on the safe side; East Asian letters are wider."""
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return size * (_AVERAGE * (len(text) - wide) + wide)
