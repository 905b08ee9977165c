"""Where a transaction goes, and the end of it that nobody wants."""

from __future__ import annotations

from dataclasses import dataclass

from mxward.smtp.hello import Introduction
from mxward.smtp.vocabulary import Endpoint

__all__ = ["MAIL_SERVER", "Lost", "Route"]


@dataclass(slots=True, unsafe_hash=True)
class Route:
    """Where a transaction goes. Two recipients with the same `key` share it."""

    key: str
    introduction: Introduction
    endpoints: tuple[Endpoint, ...]


MAIL_SERVER = ""
"""The key of the route to the mail server."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The upstream is gone, and what it had accepted with it."""

    why: str
