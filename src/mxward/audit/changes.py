"""What a front door was when it was last looked at, and whether it has shrunk or moved since."""

from __future__ import annotations

from dataclasses import dataclass

from mxward.audit.front import Part, Standing
from mxward.audit.survey import Surveyed

__all__ = ["Before", "as_it_is", "moved", "shrank"]


@dataclass(frozen=True, slots=True)
class Before:
    """The hosts of a domain's MX that have an address, those addresses, and whose they are."""

    hosts: frozenset[str] = frozenset()
    addresses: frozenset[str] = frozenset()
    scanners: frozenset[str] = frozenset()


def as_it_is(found: Surveyed) -> Before | None:
    """What is to be remembered of a domain; None where it was not all to be seen."""
    if found.standing is Standing.UNKNOWN or any(h.part is Part.UNKNOWN for h in found.hosts):
        return None
    there = [host for host in found.hosts if host.addresses]
    return Before(
        frozenset(host.name for host in there),
        frozenset(str(address) for host in there for address in host.addresses),
        frozenset(found.scanners),
    )


def shrank(before: Before, now: Before) -> str:
    """What is gone, in words; "" where nothing is."""
    gone = before.hosts - now.hosts
    if gone and now.hosts < before.hosts:
        return f"{', '.join(sorted(gone))} no longer in the MX, or without an address"
    if before.hosts == now.hosts and 2 * len(now.addresses) < len(before.addresses):
        return f"{len(now.addresses)} of {len(before.addresses)} addresses are left"
    return ""


def moved(before: Before, now: Before) -> str:
    """From where to where, in words; "" where it has not."""
    if before.scanners != now.scanners:
        return f"from {_named(before.scanners)} to {_named(now.scanners)}"
    if before.hosts and now.hosts and not before.hosts & now.hosts:
        return f"from {', '.join(sorted(before.hosts))} to {', '.join(sorted(now.hosts))}"
    return ""


def _named(scanners: frozenset[str]) -> str:
    return " and ".join(sorted(scanners)) or "no scanner"
