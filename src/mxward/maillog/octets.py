"""Octets of a log -> texts and addresses."""

from __future__ import annotations

from functools import lru_cache
from ipaddress import ip_address

__all__ = ["address", "text"]


def text(octets: bytes) -> str:
    """As the log has it; what is not UTF-8 becomes `\\xff`."""
    return str(octets, "utf-8", "backslashreplace")


@lru_cache(maxsize=65536)
def address(octets: bytes) -> str | None:
    """As everybody writes it; None where it is none. Most mail comes from few clients."""
    try:
        return str(ip_address(octets.decode("ascii")))
    except ValueError:
        return None
