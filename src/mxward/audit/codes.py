"""The kinds of findings: stable codes, how bad each is, what each is called.

docs/findings.md has a section on each: what it means, and what to do. A code never changes its
meaning; one that is no longer used is not given again.
"""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

__all__ = ["KINDS", "Code", "KindOf", "Severity"]


class Severity(StrEnum):
    """How bad it is."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    NOTE = "note"


class Code(StrEnum):
    """What was found."""

    OPEN = "MXW-OPEN-BACK-DOOR"
    LIKELY = "MXW-LIKELY-BACK-DOOR"
    ENDPOINT = "MXW-TENANT-ENDPOINT"
    UNPROVEN = "MXW-UNPROVEN"
    OUTSIDE = "MXW-OUTSIDE"
    CLOSED = "MXW-CLOSED"
    BACKUP_MX = "MXW-BACKUP-MX"
    MIXED_MX = "MXW-MIXED-MX"
    PARTIAL = "MXW-PARTIAL-SCANNER"
    MX_UNRESOLVED = "MXW-MX-UNRESOLVED"
    MX_BROKEN = "MXW-MX-BROKEN"
    MX_MANY = "MXW-MX-MANY"
    SHRANK = "MXW-DOOR-SHRANK"
    MOVED = "MXW-DOOR-MOVED"
    MOVE_SPF = "MXW-MOVE-SPF"
    MOVE_MTA_STS = "MXW-MOVE-MTA-STS"
    MOVE_TLSA = "MXW-MOVE-TLSA"
    EGRESS = "MXW-EGRESS-DRIFT"
    UNDECLARED = "MXW-UNDECLARED-SCANNER"
    UNCOVERED = "MXW-UNCOVERED-MX"
    DANGLING = "MXW-DANGLING"
    WILDCARD = "MXW-WILDCARD"
    DNS = "MXW-DNS-FAILED"
    SPF_BROKEN = "MXW-SPF-BROKEN"
    BAD_DOMAIN = "MXW-BAD-DOMAIN"
    WAIVER = "MXW-WAIVER-EXPIRED"


class KindOf(NamedTuple):
    """What holds for all findings of a code."""

    severity: Severity
    title: str


KINDS = {
    Code.OPEN: KindOf(Severity.HIGH, "The back door is open"),
    Code.LIKELY: KindOf(Severity.MEDIUM, "The back door is likely open"),
    Code.ENDPOINT: KindOf(Severity.MEDIUM, "Microsoft 365 has a door of its own for the domain"),
    Code.UNPROVEN: KindOf(Severity.LOW, "It could not be told whether this door is open"),
    Code.OUTSIDE: KindOf(Severity.NOTE, "Names lead to a server outside your networks"),
    Code.CLOSED: KindOf(Severity.NOTE, "The door is shut"),
    Code.BACKUP_MX: KindOf(Severity.HIGH, "Your own server is a back-up MX beside the scanner"),
    Code.MIXED_MX: KindOf(Severity.MEDIUM, "A host that is no scanner's is in the MX beside it"),
    Code.PARTIAL: KindOf(Severity.HIGH, "The scanner stands in front of some addresses only"),
    Code.MX_UNRESOLVED: KindOf(Severity.MEDIUM, "A host of the MX has no address"),
    Code.MX_BROKEN: KindOf(Severity.MEDIUM, "An MX record names no host"),
    Code.MX_MANY: KindOf(Severity.LOW, "There are more MX hosts than are looked at"),
    Code.SHRANK: KindOf(Severity.MEDIUM, "The front door has shrunk"),
    Code.MOVED: KindOf(Severity.MEDIUM, "The front door has moved"),
    Code.MOVE_SPF: KindOf(Severity.NOTE, "SPF names this server: it would break if it moved"),
    Code.MOVE_MTA_STS: KindOf(Severity.NOTE, "MTA-STS holds senders to the MX as it is"),
    Code.MOVE_TLSA: KindOf(Severity.NOTE, "TLSA records pin the server's certificate"),
    Code.EGRESS: KindOf(Severity.MEDIUM, "Declared egress differs from what the vendor publishes"),
    Code.UNDECLARED: KindOf(Severity.MEDIUM, "A scanner stands in front that is not declared"),
    Code.UNCOVERED: KindOf(
        Severity.MEDIUM, "A scanner's MX host is not covered by what is declared"
    ),
    Code.DANGLING: KindOf(Severity.MEDIUM, "A name leads to one that does not exist"),
    Code.WILDCARD: KindOf(Severity.NOTE, "Any name at all leads to this server"),
    Code.DNS: KindOf(Severity.LOW, "The DNS did not answer"),
    Code.SPF_BROKEN: KindOf(Severity.NOTE, "An SPF record cannot be read by everybody"),
    Code.BAD_DOMAIN: KindOf(Severity.NOTE, "This is no domain that can be audited"),
    Code.WAIVER: KindOf(Severity.LOW, "A waiver has expired"),
}
"""By code."""
