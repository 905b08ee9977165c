"""What an operator does with the rules for Postfix, by what main.cf and master.cf say now."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

from mxward.lockdown.postfix_main import (
    OURS,
    Service,
    Unclear,
    is_shut,
    parameters,
    placed,
    services,
    without,
)
from mxward.lockdown.written import Step

__all__ = ["Main", "apply", "check", "know", "no_main", "roll_back", "unmet"]

_LIST = "smtpd_recipient_restrictions"
_SASL = "permit_sasl_authenticated"
_CLASSES = "smtpd_restriction_classes"
_LISTS = tuple(f"smtpd_{what}_restrictions" for what in ("client", "helo", "sender", "relay"))


class Main:
    """What Postfix is told now: its own configuration, and its services. Raises ValueError."""

    def __init__(self, main_cf: str, master_cf: str = "") -> None:
        self.told = parameters(main_cf)
        self.services = services(master_cf)

    @property
    def before(self) -> str | None:
        """The list of recipients' restrictions without ours; None where main.cf has none."""
        told = self.told.get(_LIST)
        return None if told is None else without(told)


@dataclass(frozen=True, slots=True)
class _Changes:
    """Commands for postconf, there and back, and what is left to a person."""

    there: tuple[str, ...]
    back: tuple[str, ...]
    by_hand: tuple[str, ...] = ()


# -- main.cf ----------------------------------------------------------------------------------


def _of_main(classes: Mapping[str, str], main: Main) -> _Changes:
    told = main.told.get(_CLASSES, "").replace(",", " ").split()
    theirs = [word for word in told if not _is_ours(word)]
    stale = [name for name in main.told if _is_ours(name) and name not in classes]
    wanted = {**classes, _CLASSES: ", ".join([*theirs, *classes])}
    by_hand = []
    try:
        wanted[_LIST] = placed(main.told.get(_LIST, ""))
    except Unclear as why:
        by_hand.append(f"{_LIST} of main.cf: {why}")
    there = [_set(name, value) for name, value in wanted.items() if main.told.get(name) != value]
    there += [_unset(name) for name in stale]
    back = [_back(_LIST, main.before), _back(_CLASSES, ", ".join(theirs) or None)]
    back += [_unset(name) for name in classes]
    return _Changes(tuple(there), tuple(back), tuple(by_hand))


def _is_ours(name: str) -> bool:
    return name == OURS or name.startswith(f"{OURS}_")


def _set(name: str, value: str) -> str:
    return f"postconf -e {shlex.quote(f'{name} = {value}')}"


def _unset(name: str) -> str:
    return f"postconf -X {shlex.quote(name)}"


def _back(name: str, value: str | None) -> str:
    return _unset(name) if value is None else _set(name, value)


# -- master.cf --------------------------------------------------------------------------------


def _of_services(main: Main) -> _Changes:
    there: list[str] = []
    back: list[str] = []
    by_hand: list[str] = []
    for service in main.services:
        own = service.settings.get(_LIST)
        name = f"{service.name}/{_LIST}"
        if own is None:
            if service.is_local:
                there.append(f"postconf -P {shlex.quote(f'{name}={main.before or str()}')}")
                back.append(f"postconf -PX {shlex.quote(name)}")
            continue
        if _takes_nobody_else(service) or service.is_local:
            continue
        try:
            wanted = placed(own)
        except Unclear as why:
            by_hand.append(f"{_LIST} of {service.name} in master.cf: {why}")
            continue
        if wanted != own:
            there.append(f"postconf -P {shlex.quote(f'{name}={wanted}')}")
        back.append(f"postconf -P {shlex.quote(f'{name}={without(own)}')}")
    return _Changes(tuple(there), tuple(back), tuple(by_hand))


def _takes_nobody_else(service: Service) -> bool:
    return any(is_shut(service.settings.get(each, "")) for each in (*_LISTS, _LIST))


def unmet(classes: Mapping[str, str], main: Main) -> tuple[str, ...]:
    """What main.cf and master.cf do not say yet, in a line each."""
    found = []
    if _of_main(classes, main).there:
        found.append("main.cf does not say what these rules need: see the README")
    if _of_services(main).there:
        found.append("master.cf does not say what these rules need: see the README")
    return tuple(found)


# -- the steps --------------------------------------------------------------------------------


def apply(where: str, kind: str, classes: Mapping[str, str], main: Main | None) -> tuple[Step, ...]:
    """In order."""
    index = (f"postmap {kind}:{where}.next/domains",) if kind != "cdb" else ()
    steps = [
        Step(
            "Read the files. Then put this folder into its place, whole (in the folder of this "
            "README). Postfix goes on with the old tables until the last step.",
            (
                f"mkdir -p {where} && rm -rf {where}.before {where}.next",
                f"cp -R . {where}.next && chmod -R a+rX {where}.next",
                *index,
                f"mv -T {where} {where}.before && mv -T {where}.next {where}",
            ),
        )
    ]
    if main is None:
        steps.append(Step(_BY_HAND))
    else:
        steps += _told(_of_main(classes, main), _of_services(main))
    steps.append(Step("Let Postfix read it all.", ("postfix check && postfix reload",)))
    return tuple(steps)


_BY_HAND = (
    "Tell Postfix. main.cf could not be read here, so do it by hand, as below: or run this command "
    "again with --main-cf and --master-cf, and the commands stand here."
)


def _told(main: _Changes, services: _Changes) -> list[Step]:
    steps = []
    if main.there:
        what = "Tell Postfix: the classes, and the one word that asks them."
        steps.append(Step(what, main.there))
    if services.there:
        what = (
            "The same for services of master.cf that have restrictions of their own; and those "
            "that only this host reaches (content filters give mail back there) stay as they are."
        )
        steps.append(Step(what, services.there))
    for each in (*main.by_hand, *services.by_hand):
        what = f"By hand, for it cannot be told where `{OURS}` belongs: {each}. {_RULE}"
        steps.append(Step(what))
    return steps


_RULE = (
    f"Put the word `{OURS}` before whatever lets strangers' mail for your domains by, and behind "
    "what lets your users by."
)


def check(where: str, kind: str, domain: str | None) -> tuple[Step, ...]:
    """For one domain that has more than a warning, where there is one."""
    steps = [Step("What Postfix asks, and where.", (f"postconf {_LIST} {OURS}",))]
    if domain is not None:
        steps.append(Step("What the table says.", (f"postmap -q {domain} {kind}:{where}/domains",)))
    steps.append(
        Step(
            "From cron: 4 where DNS, inventory or main.cf have moved on.",
            ("mxward lockdown postfix --check",),
        )
    )
    return tuple(steps)


def roll_back(where: str, classes: Mapping[str, str], main: Main | None) -> tuple[Step, ...]:
    """In order: as it was before there were rules of ours."""
    if main is None:
        told = [Step(f"Take the word `{OURS}` out of {_LIST}, in main.cf and master.cf.")]
    else:
        services = _of_services(main).back
        told = [Step("Tell Postfix what it was told before.", (*_of_main(classes, main).back,))]
        told += [Step("And its services.", services)] if services else []
    return (
        *told,
        Step("Let Postfix read it.", ("postfix check && postfix reload",)),
        Step("Then the files may go.", (f"rm -rf {where} {where}.before",)),
    )


def know(main: Main | None) -> tuple[str, ...]:
    """What must be known before."""
    return (
        "**Who is let by before these rules is not asked**: " + _before(main),
        "Clients in `mynetworks` are asked like others, wherever the list does not let them by "
        "before. Programs on this host that speak SMTP to it are such clients: trust 127.0.0.1 and "
        "::1 in mxward's configuration where there are any. Mail by sendmail(1) is not asked.",
        "The rules never end a list by OK: who passes them is asked all that stands behind.",
        "Clients that are trusted by name or certificate take `mxward policyd`.",
    )


def _before(main: Main | None) -> str:
    if main is None:
        return "see what stands before the word in your list."
    try:
        words = placed(main.told.get(_LIST, "")).split(", ")
    except Unclear:
        return "see what stands before the word in your list."
    before = words[: words.index(OURS)]
    by = [word for word in before if word.startswith(("permit", "check_")) and word != _SASL]
    return f"that is {' and '.join(f'`{word}`' for word in by)}." if by else "that is nobody here."


def no_main(classes: Mapping[str, str], part: str) -> Mapping[str, str]:
    """What a person writes who has no commands: a section of the README."""
    return {
        "What main.cf needs": f"- All lines of `{part}`.\n"
        f"- `{_CLASSES}`: your own classes, and these: `{', '.join(classes)}`.\n"
        f"- `{_LIST}`: the word `{OURS}`. {_RULE} Where you have no such list, it is the word "
        "alone.\n"
        f"- In master.cf, each smtpd that sets `{_LIST}` by `-o` needs the word as well, but for "
        "those that take mail from your own programs only."
    }
