"""What a message may be made of: stray line ends and NUL, by the operator's choice."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Content", "Newlines"]


class Newlines(StrEnum):
    """What becomes of a CR or LF that stands alone. Either way none ever goes upstream."""

    NORMALISE = "normalise"
    REJECT = "reject"


@dataclass(frozen=True, slots=True)
class Content:
    """What is asked of the messages of one client."""

    newlines: Newlines = Newlines.NORMALISE
    nul: bool = False
    """Whether a NUL octet may pass."""
