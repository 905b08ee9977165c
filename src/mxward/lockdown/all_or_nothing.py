"""What knows no domains lets in for all of them, or for none: a firewall, a gateway of Gmail's.

It may shut everybody else out only where every domain that it serves has a scanner in front and a
stage that defers or refuses; `in_the_way` says what is against it.
"""

from __future__ import annotations

from collections.abc import Sequence

from mxward.lockdown.plan import Plan
from mxward.lockdown.sealing import Verdict
from mxward.networks import Network, Networks, collapsed

__all__ = ["in_the_way", "let_in"]

_NAMES = 10  # of domains, for each reason


def let_in(plan: Plan) -> tuple[Network, ...]:
    """All front doors and trusted clients; in order, without overlaps."""
    return collapsed(net for group in plan.groups for net in group.networks)


def in_the_way(plan: Plan, servers: Networks | None = None) -> list[str]:
    """Why everybody else must not be shut out, with the domains; nothing where they may.

    Where it is about some `servers` only, an own domain whose MX names other addresses of the mail
    server is in nobody's way.
    """
    found: dict[str, list[str]] = {}
    for each in plan.left_out:
        if servers is None or not each.own or any(address in servers for address in each.own):
            found.setdefault(each.why, []).append(each.domain)
    for kept in plan.kept:
        if not kept.had:
            found.setdefault(kept.why, []).append(kept.domain)
    observed = [domain for domain, verdict in plan.verdicts.items() if verdict is Verdict.WARN]
    if observed:
        found["its stage is observe"] = observed
    return [f"{why}: {_named(domains)}" for why, domains in found.items()]


def _named(domains: Sequence[str]) -> str:
    more = f" and {len(domains) - _NAMES:,} more" if len(domains) > _NAMES else ""
    return ", ".join(domains[:_NAMES]) + more
