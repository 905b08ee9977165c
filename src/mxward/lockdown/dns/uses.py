"""What else uses a name that leads to the mail server, as far as the DNS shows it."""

from __future__ import annotations

from collections.abc import Iterator

from mxward.audit.front import Facts
from mxward.audit.survey import Surveyed
from mxward.lockdown.dns.looked import Pointing, Use, What
from mxward.model import Kind, Known, Question

__all__ = ["PORTS", "SERVICES", "uses_of", "values_of"]

SERVICES = ("imap", "imaps", "pop3", "pop3s", "submission", "submissions", "autodiscover")
"""What SRV records lead mail programs to (RFC 6186, RFC 8314; autodiscover is Microsoft's)."""

PORTS = (25, 443)
"""Whose TLSA records are asked for."""


def values_of(facts: Facts, kind: Kind, name: str) -> tuple[str, ...]:
    """The values of an answer; none where there is no such record, or it was not asked for."""
    answer = facts.get(Question(kind, name))
    return answer.values if answer is not None and answer.state is Known.FOUND else ()


def uses_of(
    found: Surveyed, pointing: tuple[Pointing, ...], servers: tuple[str, ...], facts: Facts
) -> Iterator[Use]:
    """What else uses the names that lead to the mail server, or has to do with them."""
    domain = found.domain
    names = {each.name for each in pointing}
    for server in servers:
        if server in names:
            yield Use(What.NS, server, domain)
    for host in found.hosts:
        if host.name in names:
            yield Use(What.MX, host.name, domain)
    for service in SERVICES if pointing else ():
        for value in values_of(facts, Kind.SRV, f"_{service}._tcp.{domain}"):
            target = value.rpartition(" ")[2]
            if target in names:
                yield Use(What.SRV, target, f"_{service}._tcp.{domain}")
    for each in pointing:
        for port in PORTS:
            if values_of(facts, Kind.TLSA, f"_{port}._tcp.{each.name}"):
                yield Use(What.TLSA, each.name, f"_{port}._tcp.{each.name}")
    if found.mta_sts and pointing:
        yield Use(What.MTA_STS, domain)
    if pointing and values_of(facts, Kind.CAA, domain):
        yield Use(What.CAA, domain)
