"""Arrivals as lines: for people, and for programs; and what has come in all."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime

from mxward.cli.decisions import REASONS
from mxward.cli.follow_judge import Judged
from mxward.cli.screen import Screen, clean
from mxward.maillog.logged import Logged, Outcome, Tally
from mxward.model import Action, Door

__all__ = ["Sum", "as_line", "as_object", "style"]

_STYLES = {Door.BACK: "bold red", Door.UNKNOWN: "yellow", Door.FRONT: "green"}


def as_line(judged: Judged) -> str:
    """For people."""
    logged, decision = judged.logged, judged.decision
    name = f" ({logged.name})" if logged.name else ""
    who = f" authenticated as {logged.authenticated}" if logged.authenticated else ""
    only = "would " * (decision.would is not decision.action)
    said = f"{only}{decision.would}: {REASONS[decision.reason]}"
    mail = f"<{logged.sender or ''}> for <{judged.recipient}>"
    line = (
        f"{_moment(logged.at)}  {decision.door.value:7}  {logged.client}{name}{who}  {mail}  {said}"
    )
    return clean(line)


def style(judged: Judged) -> str:
    """In which colour it is shown."""
    return _STYLES.get(judged.decision.door, "")


def as_object(judged: Judged, log: str) -> str:
    """For programs, in one line. What the log does not have is null."""
    logged, decision = judged.logged, judged.decision
    return json.dumps(
        {
            "at": _moment(logged.at),
            "log": log,
            "program": logged.program,
            "host": logged.host,
            "message": logged.message,
            "client": logged.client,
            "client_port": logged.client_port,
            "name": logged.name,
            "helo": logged.helo,
            "protocol": logged.protocol,
            "tls": logged.tls,
            "authenticated": logged.authenticated,
            "sender": logged.sender,
            "recipient": judged.recipient,
            "size": logged.size,
            "domain": decision.evidence.domain,
            "door": decision.door,
            "stage": decision.stage,
            "action": decision.action,
            "would": decision.would,
            "reason": decision.reason,
        }
    )


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}Z"


class Sum:
    """What has come since the command began."""

    def __init__(self) -> None:
        self.messages: Counter[Door] = Counter()
        self.recipients: Counter[Door] = Counter()
        self.would: Counter[Action] = Counter()  # with what came by the back door
        self.attempts = 0

    def add(self, logged: Iterable[Logged], judged: Iterable[Judged]) -> None:
        self.attempts += sum(one.outcome is not Outcome.ACCEPTED for one in logged)
        last: tuple[Logged, set[Door]] | None = None
        for one in judged:
            door = one.decision.door
            self.recipients[door] += 1
            if door is Door.BACK:
                self.would[one.decision.would] += 1
            if last is None or last[0] is not one.logged:
                last = (one.logged, set())
            if door not in last[1]:
                last[1].add(door)
                self.messages[door] += 1

    def status(self) -> str:
        """In a few words, for a line that is written again and again."""
        doors = [
            f"{door.value} {self.recipients[door]:,}" for door in Door if self.recipients[door]
        ]
        return "  ".join(doors) or "nothing has come yet"

    def show(self, screen: Screen, tallies: dict[str, Tally]) -> None:
        """All of it, at the end."""
        rows = [(door.value, self.messages[door], self.recipients[door]) for door in Door]
        screen.table(("door", "messages", "recipients"), [row for row in rows if row[2]])
        if self.would:
            told = ", ".join(f"{action.value} {count:,}" for action, count in self.would.items())
            screen.line(f"by the back door, an enforced stage would: {told}")
        if self.attempts:
            screen.line(f"attempts that the mail server turned away: {self.attempts:,}")
        for log, tally in tallies.items():
            strange = tally.strange.total()
            screen.line(f"{log}: {tally.lines:,} lines, {strange:,} not understood")
            for kind, samples in tally.samples.items():
                screen.line(f"  {kind}: {tally.strange[kind]:,}, such as {samples[0][1]}")
