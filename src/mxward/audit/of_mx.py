"""Findings about the hosts that MX records name."""

from __future__ import annotations

from mxward.audit.codes import Code
from mxward.audit.front import Host, Part, Standing
from mxward.audit.gathering import Gathered
from mxward.audit.premises import Premises
from mxward.audit.survey import Surveyed
from mxward.frontdoor.records import MOST_EXCHANGES

__all__ = ["gather"]


def gather(found: Surveyed, premises: Premises, gathered: Gathered) -> None:
    """What is to be said of a domain's MX."""
    domain = found.domain
    for host in found.hosts:
        if host.part is Part.ABSENT and found.standing is not Standing.NONE:
            text = f"{host.name} is in the MX, and has no address"
            gathered.add(Code.MX_UNRESOLVED, host.name, text, domain)
        if found.standing is Standing.FRONTED:
            _beside(domain, host, gathered)
        if host.part is Part.SCANNER:
            _of_scanner(domain, host, premises, gathered)
    for value in found.broken:
        shown = value[:120]
        text = f"MX {shown!r} names no host: senders cannot use it"
        gathered.add(Code.MX_BROKEN, shown, text, domain)
    if found.more:
        every = found.more + MOST_EXCHANGES
        text = f"{every:,} hosts in the MX; the best {MOST_EXCHANGES} were looked at"
        gathered.add(Code.MX_MANY, domain, text, domain)


def _beside(domain: str, host: Host, gathered: Gathered) -> None:
    """A host that is no scanner's, in the MX of a domain that has one."""
    where = ", ".join(map(str, host.addresses))
    if host.part is Part.OWN:
        text = (
            f"{host.name} ({where}) is your own server and in the MX: who picks it passes the "
            "scanner by"
        )
        gathered.add(Code.BACKUP_MX, host.name, text, domain, f"MX {host.preference} {host.name}")
    elif host.part in (Part.OTHER, Part.MAILBOXES, Part.ROUTING):
        what = f"{host.service}'s" if host.service else "no scanner's that is known"
        text = f"{host.name} ({where}) is in the MX beside a scanner, and {what}"
        gathered.add(Code.MIXED_MX, host.name, text, domain, f"MX {host.preference} {host.name}")


def _of_scanner(domain: str, host: Host, premises: Premises, gathered: Gathered) -> None:
    if host.outside:
        outside = ", ".join(map(str, host.outside))
        inside = ", ".join(str(a) for a in host.addresses if a not in host.outside)
        text = f"{host.name} leads to {host.service} by {inside}, and past it by {outside}"
        gathered.add(Code.PARTIAL, host.name, text, domain)
    if host.declared:
        return
    sibling = _declared_sibling(host.service, premises)
    if sibling:
        covered = ", ".join(premises.scanners[sibling].mx)
        text = (
            f"{host.name} is a host of {host.service} as well, but scanners.{sibling}.mx covers "
            f"only {covered}: nothing is enforced for domains behind it"
        )
        gathered.add(Code.UNCOVERED, host.name, text, domain)
    else:
        text = (
            f"{host.service} stands in front, and no [scanners.NAME] declares it: nothing is "
            "enforced for these domains"
        )
        gathered.add(Code.UNDECLARED, host.service, text, domain, f"MX {host.name}")


def _declared_sibling(service: str, premises: Premises) -> str:
    """The declared scanner that is the same service, by other names."""
    known = premises.services.get(service)
    for scanner in premises.scanners.values() if known else ():
        if premises.service_of(scanner) == service or scanner.name == service:
            return scanner.name
    return ""
