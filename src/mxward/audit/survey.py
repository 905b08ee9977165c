"""One domain: what must be asked of the DNS, round by round, and then what is known of it.

    found = survey(domain, {}, premises)
    while found.asks:
        answers = ...  # of found.asks
        found = survey(domain, answers so far, premises)

Three rounds, and more only as its SPF record leads on. Only a domain that a scanner stands in front
of is asked about names and SPF. The order of answers does not matter.
"""

from __future__ import annotations

from dataclasses import dataclass

from mxward.audit import candidates, front
from mxward.audit.front import Facts, Host, Standing
from mxward.audit.leads import Candidate
from mxward.audit.premises import Premises
from mxward.model import Question

__all__ = ["MOST_ROUNDS", "Surveyed", "survey"]

MOST_ROUNDS = 15
"""Rounds of questions about one domain; more than any SPF record is followed for."""


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What the DNS shows of a domain. `asks`: what must be answered before it is whole."""

    domain: str
    standing: Standing
    hosts: tuple[Host, ...] = ()
    scanners: tuple[str, ...] = ()
    candidates: tuple[Candidate, ...] = ()
    endpoint: str = ""
    wildcard: bool = False
    mta_sts: bool = False
    tlsa: tuple[str, ...] = ()
    dangling: tuple[tuple[str, str], ...] = ()
    broken: tuple[str, ...] = ()  # MX values that name no host
    more: int = 0  # MX hosts that were not looked at
    spf_broken: str = ""
    failed: tuple[Question, ...] = ()
    asks: tuple[Question, ...] = ()


def survey(domain: str, facts: Facts, premises: Premises) -> Surveyed:
    """Look at a domain, as far as the facts go. Never raises."""
    door = front.look(domain, facts, premises)
    if door.asks or door.standing is not Standing.FRONTED:
        return Surveyed(
            domain,
            door.standing,
            door.hosts,
            broken=door.broken,
            more=door.more,
            failed=door.failed,
            asks=door.asks,
        )
    behind = candidates.look(domain, door, facts, premises)
    return Surveyed(
        domain,
        door.standing,
        door.hosts,
        door.scanners,
        behind.found,
        behind.endpoint,
        behind.wildcard,
        behind.mta_sts,
        behind.tlsa,
        behind.dangling,
        door.broken,
        door.more,
        behind.spf_broken,
        tuple(dict.fromkeys((*door.failed, *behind.failed))),
        behind.asks,
    )
