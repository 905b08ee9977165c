"""Octets of a log -> texts and addresses."""

from __future__ import annotations

import re
from functools import lru_cache
from ipaddress import ip_address

__all__ = ["IPV4", "address", "parse_address", "text"]

_NUMBER = rb"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
IPV4 = rb"%s(?:[.]%s){3}" % (_NUMBER, _NUMBER)
_IPV4 = re.compile(IPV4 + rb"\Z")


def text(octets: bytes) -> str:
    """As the log has it; what is not UTF-8 becomes `\\xff`."""
    return str(octets, "utf-8", "backslashreplace")


def parse_address(octets: bytes) -> str | None:
    """As everybody writes it; None where it is none."""
    if _IPV4.match(octets):
        return octets.decode("ascii")
    try:
        return str(ip_address(octets.decode("ascii")))
    except ValueError:
        return None


address = lru_cache(maxsize=65536)(parse_address)
"""The same, remembered: most mail comes from few clients."""
