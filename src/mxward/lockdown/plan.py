"""All that a way is written from: groups of domains, what was left out, and what stays as it was.

DNS never opens or shuts a door by failing. A domain whose front door cannot be known keeps the rule
that it had; so does one whose front door shrank by more than half, until the operator says that it
is right, and all domains keep theirs where the inventory itself lost more than half of them. What
is kept gets milder all the same where the operator has gone back to a milder stage: what is refused
by mistake must not wait for the DNS. It gets no sharper by an old front door.

Where only some domains are asked about, the rules of the others stay, whatever they say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from mxward.domains import Domains
from mxward.frontdoor.egress import halved
from mxward.lockdown.groups import Group, grouped
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.sealing import LeftOut, Sealed, Unsure, Verdict
from mxward.networks import Networks

__all__ = ["Kept", "Plan", "plan"]

_NOBODY = Domains([])
_MILDEST = tuple(Verdict)


@dataclass(frozen=True, slots=True)
class Kept:
    """A domain that keeps the rule it had, or that has none yet (`had` is False)."""

    domain: str
    why: str
    had: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What is written, for every way."""

    groups: tuple[Group, ...]
    left_out: tuple[LeftOut, ...] = ()
    kept: tuple[Kept, ...] = ()  # not known whole: their old rules stay

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """By domain."""
        return {d: verdict for group in self.groups for d, verdict in group.domains.items()}


def plan(
    found: Iterable[Sealed | LeftOut | Unsure],
    before: Ledger,
    *,
    accepts: bool = False,
    at_most: Callable[[str], Verdict] = lambda _: Verdict.DENY,
    others: Domains = _NOBODY,
    listed: str = "in the inventory",
) -> Plan:
    """What is to be written, after what was `before`; where the operator `accepts`, what shrank is
    taken as it is. `at_most` is what a domain's stage lets be done with strangers; `others` are
    domains that may not have been asked about, and `listed` says where domains are known from.
    """
    sealed: list[Sealed] = []
    left_out: list[LeftOut] = []
    kept: list[Kept] = []
    for each in found:
        had = before.of_domain.get(each.domain)
        why = each.why if isinstance(each, Unsure) else None if accepts else _gone_from(had, each)
        if why is not None:
            kept.append(Kept(each.domain, why, had is not None))
            if had is not None:
                sealed.append(_kept(had, each, at_most))
        elif isinstance(each, Sealed):
            sealed.append(each)
        elif isinstance(each, LeftOut):
            left_out.append(each)
    seen = {each.domain for each in sealed} | {each.domain for each in left_out}
    over = before.of_domain.keys() - seen
    gone = {domain for domain in over if domain not in others}
    sealed += [_as_before(domain, before.of_domain[domain]) for domain in sorted(over - gone)]
    if not accepts and 2 * len(gone) > len(before.of_domain):
        why = f"it is not {listed} any more, nor are most of the others"
        kept += [Kept(domain, why, True) for domain in sorted(gone)]
        sealed += [_softened(domain, before.of_domain[domain], at_most) for domain in sorted(gone)]
    return Plan(grouped(sealed), tuple(left_out), tuple(kept))


def _gone_from(had: Group | None, now: Sealed | LeftOut | Unsure) -> str | None:
    """Why too little is left of a front door that a rule was written by.

    By networks or by addresses, as of a scanner's egress; that another scanner came is news.
    """
    if had is None:
        return None
    if isinstance(now, LeftOut) and now.empty:
        return "it has no front door any more"
    if isinstance(now, Sealed) and had.scanners == now.scanners:
        return (
            "its front door shrank by more than half" if halved(had.welcome, now.welcome) else None
        )
    return None


def _kept(had: Group, now: Sealed | LeftOut | Unsure, at_most: Callable[[str], Verdict]) -> Sealed:
    """The old front door. Whom the operator trusts is no news of the DNS, nor that he wants less
    done with others: it counts at once, where it is known.
    """
    kept = _softened(now.domain, had, at_most)
    return replace(kept, trusted=now.trusted) if isinstance(now, Sealed) else kept


def _softened(domain: str, had: Group, at_most: Callable[[str], Verdict]) -> Sealed:
    kept = _as_before(domain, had)
    return replace(kept, verdict=min(kept.verdict, at_most(domain), key=_MILDEST.index))


def _as_before(domain: str, had: Group) -> Sealed:
    return Sealed(
        domain,
        had.domains[domain],
        had.scanners,
        had.exchanges,
        Networks(had.welcome),
        Networks(had.trusted),
    )
