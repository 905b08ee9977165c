"""Rules and routes for marked packets, as commands for `ip`: they belong to this machine.

Our rules are known by their preference, so they are found and removed whatever the configuration
says by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mxward.intercept.plan import Plan

__all__ = ["PREFERENCE", "Command", "commands", "everything", "in_force", "missing", "removing"]

PREFERENCE = 28024
"""Before the main routing table (32766), which knows where a client really is."""

Command = tuple[str, ...]
Rules = Sequence[Mapping[str, Any]]
_ALL = {4: "0.0.0.0/0", 6: "::/0"}


def everything(plan: Plan) -> list[Command]:
    """All commands where nothing is set up yet, as a person may read them."""
    return [command for version in plan.families for command in missing(plan, version, ())]


def commands(plan: Plan, version: int, rules: Rules) -> list[Command]:
    """What leads from the rules that there are to those of the plan, for one version of IP."""
    if version not in plan.families:
        return removing(version, rules)
    stale = [rule for rule in _ours(rules) if _mark(rule) != plan.mark]
    return [*missing(plan, version, rules), *removing(version, stale)]


def missing(plan: Plan, version: int, rules: Rules) -> list[Command]:
    """What must be added, first the route: a mark without one would lead astray."""
    ip, number = ("ip", f"-{version}"), str(plan.mark)
    wanted: list[Command] = [
        (*ip, "route", "replace", "local", _ALL[version], "dev", "lo", "table", number)
    ]
    if not in_force(plan, rules):
        wanted.append((*ip, "rule", "add", *_rule(number, number)))
    return wanted


def removing(version: int, rules: Rules) -> list[Command]:
    """What takes away every rule of ours, and the route that it leads to."""
    ip, taken = ("ip", f"-{version}"), list[Command]()
    for rule in _ours(rules):
        table = str(rule["table"])
        taken.append((*ip, "rule", "del", *_rule(str(_mark(rule)), table)))
        taken.append((*ip, "route", "del", "local", _ALL[version], "dev", "lo", "table", table))
    return taken


def in_force(plan: Plan, rules: Rules) -> bool:
    """Whether the plan's rule is among them."""
    return any(
        _mark(rule) == plan.mark and str(rule["table"]) == str(plan.mark) for rule in _ours(rules)
    )


def _rule(mark: str, table: str) -> Command:
    return ("pref", str(PREFERENCE), "fwmark", mark, "lookup", table)


def _ours(rules: Rules) -> Iterable[Mapping[str, Any]]:
    return [rule for rule in rules if rule.get("priority") == PREFERENCE and rule.get("fwmark")]


def _mark(rule: Mapping[str, Any]) -> int:
    return int(str(rule["fwmark"]), 0)
