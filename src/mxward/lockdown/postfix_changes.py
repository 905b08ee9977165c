"""What main.cf and master.cf must be told for rules to be asked, and told to take it back.

As commands for postconf(1). What is there of ours already is taken for ours: a second run changes
only what is other, and the way back leads to what was there before the first.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mxward.lockdown.postfix_main import (
    OURS,
    Service,
    Unclear,
    dense,
    is_shut,
    parameters,
    placed,
    services,
    without,
)

__all__ = ["CLASSES", "LIST", "Changes", "Main", "of_main", "of_services", "unmet"]

LIST = "smtpd_recipient_restrictions"
CLASSES = "smtpd_restriction_classes"
# postconf -e would go on in the last line, where that has no end.
_END_OF_LINE = 'echo >>"$(postconf -h config_directory)/main.cf"'
_OTHERS = tuple(f"smtpd_{what}_restrictions" for what in ("client", "helo", "sender", "relay"))


class Main:
    """What Postfix is told now: its own configuration, and its services. Raises ValueError."""

    def __init__(self, main_cf: str, master_cf: str = "") -> None:
        self.told = parameters(main_cf)
        self.is_cut = not main_cf.endswith("\n")
        self.services = services(master_cf)

    @property
    def before(self) -> str:
        """The list of recipients' restrictions without ours. Raises Unclear."""
        return without(self.told.get(LIST, ""))


@dataclass(frozen=True, slots=True)
class Changes:
    """Commands for postconf, there and back, and what is left to a person."""

    there: tuple[str, ...]
    back: tuple[str, ...]
    by_hand: tuple[str, ...] = ()


# -- main.cf ----------------------------------------------------------------------------------


def of_main(classes: Mapping[str, str], main: Main) -> Changes:
    """Our classes, their names beside the operator's, and the word that asks them."""
    told = main.told.get(CLASSES, "").replace(",", " ").split()
    theirs = [word for word in told if not _is_ours(word)]
    stale = [name for name in main.told if _is_ours(name) and name not in classes]
    wanted = {**classes, CLASSES: ", ".join([*theirs, *classes])}
    by_hand = []
    try:
        wanted[LIST] = placed(main.told.get(LIST, ""))
    except Unclear as why:
        by_hand.append(f"{LIST} of main.cf: {why}")
    there = [_set(name, value) for name, value in wanted.items() if main.told.get(name) != value]
    there += [_unset(*stale)] if stale else []
    if there and main.is_cut:
        there.insert(0, _END_OF_LINE)
    back = [_back(LIST, main.before or None), _back(CLASSES, ", ".join(theirs) or None)]
    back.append(_unset(*classes))
    return Changes(tuple(there), tuple(back), tuple(by_hand))


def _is_ours(name: str) -> bool:
    return name == OURS or name.startswith(f"{OURS}_")


def _set(name: str, value: str) -> str:
    return f"postconf -e {shlex.quote(f'{name} = {value}')}"


def _unset(*names: str) -> str:
    return f"postconf -X {' '.join(map(shlex.quote, names))}"


def _back(name: str, value: str | None) -> str:
    return _unset(name) if value is None else _set(name, value)


# -- master.cf --------------------------------------------------------------------------------


def of_services(main: Main) -> Changes:
    """Services with a list of their own get ours into it. Those that only this host reaches keep
    the list that was there before: content filters give mail back to them, as this host.
    """
    there: list[str] = []
    back: list[str] = []
    by_hand: list[str] = []
    for service in main.services:
        own = service.settings.get(LIST)
        try:
            if own is None and service.is_local:
                there.append(_set_of(service, dense(main.before)))
                back.append(f"postconf -PX {shlex.quote(_name(service))}")
            elif own is not None and not service.is_local and not _takes_nobody_else(service):
                wanted = dense(placed(own))
                if wanted != dense(own):
                    there.append(_set_of(service, wanted))
                back.append(_set_of(service, dense(without(own))))
        except Unclear as why:
            by_hand.append(f"{LIST} of {service.name} in master.cf: {why}")
    return Changes(tuple(there), tuple(back), tuple(by_hand))


def _name(service: Service) -> str:
    return f"{service.name}/{LIST}"


def _set_of(service: Service, value: str) -> str:
    return f"postconf -P {shlex.quote(f'{_name(service)}={value}')}"


def _takes_nobody_else(service: Service) -> bool:
    return any(is_shut(service.settings.get(each, "")) for each in (*_OTHERS, LIST))


def unmet(classes: Mapping[str, str], main: Main) -> tuple[str, ...]:
    """What main.cf and master.cf do not say yet, in a line each."""
    found = []
    if of_main(classes, main).there:
        found.append("main.cf does not say what these rules need: see the README")
    if of_services(main).there:
        found.append("master.cf does not say what these rules need: see the README")
    return tuple(found)
