"""What would have happened to the past under one stage, and to whose mail."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from mxward.model import Action, Reason
from mxward.reports.markup import Child, Markup, element, joined, shortened
from mxward.reports.page import counted, in_utc, more, paragraph, section, table, when
from mxward.reports.what_if import MOST, StoppedHonest, WhatIf

__all__ = ["what_would_have_been"]

_STOPPED = 50
_DONE = {
    Action.DEFER: ("put off", "Put off (451): an honest server keeps it and tries again for days."),
    Action.REFUSE: ("refused", "Refused (550): an honest server tells its sender at once."),
    Action.REROUTE: ("rerouted", "Rerouted: handed to the scanner, and from there it arrives."),
}
_WHY: dict[str, str] = {
    Reason.BACK_DOOR: "by the back door, from a client that nobody trusts",
    Reason.HIDDEN_DOMAIN: "the recipient hides its domain",
    Reason.LOOKUP_FAILED: "what could still let it in could not be looked up",
    Reason.HELD: "from a network that waits for your word",
    Reason.NO_TARGET: "by the back door, and the scanner has no address to hand it to",
    Reason.RELAY: "not for a domain of the inventory, and the server is not told who brings it",
}


def what_would_have_been(what_if: WhatIf) -> Markup:
    """By action and reason, from whom for whom, and what looks honest one by one."""
    title = f"What if every domain were at stage {what_if.stage}?"
    done = {action: what_if.of(action) for action in _DONE if what_if.of(action)}
    if not done:
        return section(title, paragraph("Nothing would have changed: all of it would have passed."))
    said = " and ".join(
        f"that for {counted(recipients, 'recipient')} would have been {_DONE[action][0]}"
        for action, recipients in done.items()
    )
    return section(
        title,
        paragraph(f"Of the mail of these logs, {said}. {_honest_in_short(what_if)}"),
        *(paragraph(_DONE[action][1], "small") for action in done),
        _outcomes(what_if),
        element("h3", "From whom, for whom"),
        _stopped(what_if),
        *_honest(what_if),
    )


def _honest_in_short(what_if: WhatIf) -> str:
    if not what_if.honest_recipients:
        return "None of it looks honest."
    messages = counted(what_if.honest_messages, "message")
    recipients = counted(what_if.honest_recipients, "recipient")
    return f"Of that, {messages} for {recipients} came from clients that look honest."


def _outcomes(what_if: WhatIf) -> Markup:
    rows: list[Sequence[Child]] = [
        (
            o.action,
            joined([o.reason, element("small", _WHY[o.reason])]) if o.reason in _WHY else o.reason,
            o.recipients,
            o.messages,
            o.clients,
            o.domains,
        )
        for o in what_if.outcomes
        if o.action != Action.PASS
    ]
    passed = what_if.of(Action.PASS)
    rows.append((Action.PASS, "as it did", passed, None, None, None))
    return table(
        ("action", "reason", "recipients", "messages", "clients", "domains"),
        rows,
        "when text n n n n",
    )


def _stopped(what_if: WhatIf) -> Markup:
    shown = what_if.stopped[:_STOPPED]
    rows = [
        (s.client, s.domain, s.action, s.recipients, s.messages, when(s.first_at), when(s.last_at))
        for s in shown
    ]
    return joined(
        [
            table(
                ("client", "domain", "action", "recipients", "messages", "first (UTC)", "last"),
                rows,
                "who text when n n when when",
            ),
            more(
                len(what_if.stopped) - len(shown),
                "at least " if len(what_if.stopped) >= MOST else "",
            ),
        ]
    )


def _honest(what_if: WhatIf) -> Iterator[Markup | None]:
    if not what_if.honest:
        return
    yield element("h3", "What looks honest, one by one")
    yield paragraph(
        "Trust these clients, or shut the door by stage reroute, before anything is refused. MX "
        "failed tells whether the sender came here after look-ups of the MX had failed.",
        "small",
    )
    yield table(
        ("time (UTC)", "client", "from, for", "octets", "action", "MX failed", "where"),
        [_one(row) for row in what_if.honest],
        "when who text n when when text",
    )
    yield more(what_if.honest_recipients - len(what_if.honest))


def _one(row: StoppedHonest) -> Sequence[Child]:
    failed = "not asked" if row.mx_failed is None else ("yes" if row.mx_failed else "no")
    name = row.name or row.helo
    sender = "not asked" if row.sender is None else shortened(row.sender or "<>")
    return (
        f"{in_utc(row.arrived_at):%Y-%m-%d %H:%M:%S}",
        joined([shortened(row.client), element("small", shortened(name)) if name else None]),
        joined([sender, element("small", f"for {shortened(row.recipient)}")]),
        row.size,
        row.action,
        failed,
        f"{row.log}:{row.line}",
    )
