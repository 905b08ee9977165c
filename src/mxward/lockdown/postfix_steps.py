"""What an operator does with the rules for Postfix, by what main.cf and master.cf say now."""

from __future__ import annotations

from collections.abc import Mapping

from mxward.lockdown.postfix_changes import (
    CLASSES,
    LIST,
    Changes,
    Main,
    of_main,
    of_services,
)
from mxward.lockdown.postfix_main import OURS, SASL, Unclear, before
from mxward.lockdown.written import Step

__all__ = ["apply", "check", "know", "no_main", "roll_back"]


_MANY = 500


def apply(where: str, kind: str, classes: Mapping[str, str], main: Main | None) -> tuple[Step, ...]:
    """In order."""
    index = (f"postmap {kind}:{where}.next/domains",) if kind != "cdb" else ()
    steps = [
        Step(
            "Read the files. Then put this folder into its place, whole (in the folder of this "
            "README). Postfix goes on with the old tables until the last step.",
            (
                f"mkdir -p {where} && rm -rf {where}.before {where}.next",
                f"cp -Rp . {where}.next && chmod -R a+rX {where}.next",
                *index,
                f"mv -T {where} {where}.before && mv -T {where}.next {where}",
            ),
        )
    ]
    if main is None:
        steps.append(Step(_BY_HAND))
    else:
        steps += _told(of_main(classes, main), of_services(main))
    steps.append(Step("Let Postfix read it all.", ("postfix check && postfix reload",)))
    return tuple(steps)


_BY_HAND = (
    "Tell Postfix. main.cf could not be read here, so do it by hand, as below: or run this command "
    "again with --main-cf and --master-cf, and the commands stand here."
)


def _told(main: Changes, services: Changes) -> list[Step]:
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


def check(table: str, domain: str | None, command: str) -> tuple[Step, ...]:
    """For one domain that has more than a warning, where there is one."""
    steps = [Step("What Postfix asks, and where.", (f"postconf {LIST} {OURS}",))]
    if domain is not None:
        steps.append(Step("What the table says.", (f"postmap -q {domain} {table}",)))
    steps.append(
        Step(
            "From cron: exit code 4 where DNS, inventory or main.cf have moved on.",
            (f"{command} --check",),
        )
    )
    return tuple(steps)


def roll_back(where: str, classes: Mapping[str, str], main: Main | None) -> tuple[Step, ...]:
    """In order: as it was before there were rules of ours."""
    if main is None:
        told = [Step(f"Take the word `{OURS}` out of {LIST}, in main.cf and master.cf.")]
    else:
        services = of_services(main).back
        told = [Step("Tell Postfix what it was told before.", (*of_main(classes, main).back,))]
        told += [Step("And its services.", services)] if services else []
    return (
        *told,
        Step("Let Postfix read it.", ("postfix check && postfix reload",)),
        Step("Then the files may go.", (f"rm -rf {where} {where}.before",)),
    )


def know(main: Main | None, lists: int) -> tuple[str, ...]:
    """What must be known before; `lists` are those of networks."""
    many = (
        f"There are {lists:,} lists of networks, and each smtpd process reads all of them when it "
        "starts: front doors differ from domain to domain here. `mxward policyd` has no such cost.",
    )
    return (
        *(many if lists > _MANY else ()),
        "**Who is let by before these rules is not asked**: " + _let_by(main),
        "Clients in `mynetworks` are asked like others, wherever the list does not let them by "
        "before. Programs on this host that speak SMTP to it are such clients: trust 127.0.0.1 and "
        "::1 in mxward's configuration where there are any. Mail by sendmail(1) is not asked.",
        "The rules never end a list by OK: who passes them is asked all that stands behind.",
        "Clients that are trusted by name or certificate take `mxward policyd`.",
    )


def _let_by(main: Main | None) -> str:
    if main is None:
        return "see what stands before the word in your list."
    try:
        words = before(main.told.get(LIST, ""))
    except Unclear:
        return "see what stands before the word in your list."
    by = [word for word in words if word.startswith(("permit", "check_")) and word != SASL]
    return f"that is {' and '.join(f'`{word}`' for word in by)}." if by else "that is nobody here."


def no_main(classes: Mapping[str, str], part: str) -> Mapping[str, str]:
    """What a person writes who has no commands: a section of the README."""
    return {
        "What main.cf needs": f"- All lines of `{part}`.\n"
        f"- `{CLASSES}`: your own classes, and these: `{', '.join(classes)}`.\n"
        f"- `{LIST}`: the word `{OURS}`. {_RULE} Where you have no such list, it is the word "
        "alone.\n"
        f"- In master.cf, each smtpd that sets `{LIST}` by `-o` needs the word as well, but for "
        "those that take mail from your own programs only."
    }
