"""What a scene can do: send mail, look where it went, compare that with what was expected.

Nothing is taken for granted: an outcome is what the client was told, by whom, and what lies in the
mailboxes afterwards.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import count

from mxward.demo.dialogue import Dialogue, Reply, talk
from mxward.demo.mail import Mail
from mxward.demo.mailserver import Delivery
from mxward.demo.tape import Kind, Line, Write
from mxward.demo.world import World
from mxward.demo.zone import ELSEWHERE

__all__ = ["Outcome", "Play", "Row", "back_door"]

MAIL_SERVER = "mail server"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message."""

    status: str  # the reply that settled it: "250", "550 5.7.1"
    by: str = MAIL_SERVER  # whose words these were
    mailboxes: int = 0  # how often it was delivered
    how: str = ""  # "unscanned", or "via" the scanner it came through
    relayed: int | None = None  # how often it left for somebody else's server, where it was to

    def __str__(self) -> str:
        plain = self.status == "250" and self.by == MAIL_SERVER  # no other 250 is worth anything
        words = [self.status if plain else f"{self.status} by {self.by}"]
        if self.relayed is not None:
            words.append(f"relayed {self.relayed}")
        if self.relayed is None or self.mailboxes:
            words.append(f"mailbox {self.mailboxes}{self.how and ', '}{self.how}")
        return "; ".join(words)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table at the end."""

    scene: int
    what: str
    expected: str
    seen: str

    @property
    def good(self) -> bool:
        """Whether what was seen is what was expected."""
        return self.expected == self.seen


class Play:
    """One run of scenes in one world."""

    def __init__(self, world: World, write: Write) -> None:
        self.world, self.write = world, write
        self.rows: list[Row] = []
        self.left_out: list[str] = []  # scenes that cannot be played here, and why
        self.scene = 0
        self._numbers = count(1)

    def number(self) -> int:
        """A number that no message of this run has yet."""
        return next(self._numbers)

    def story(self, text: str) -> None:
        """Tell what is about to happen."""
        self.write(Line(Kind.STORY, text))

    async def mxward(self, stage: str, identity: str = "proxy-v2", *, anew: bool = False) -> None:
        """See that mxward runs in a stage; `anew` starts it once more. Raises DemoError."""
        started = await self.world.serve(stage, identity, anew=anew)
        told = "" if identity == "proxy-v2" else f', identity = "{identity}"'
        does = "starts" if started else "goes on"
        self.write(Line(Kind.NOTE, f'mxward {does}: stage = "{stage}"{told}'))

    async def open(self, source: str, *, to: str, name: str, brief: bool = False) -> Dialogue:
        """Connect somebody to a server. Raises OSError."""
        block = self.world.block
        title = f"{block.named(block[source])} -> {name} ({block[to]}:{block.smtp})"
        host, port = block[to], block.smtp
        return await talk(self.write, title, host, port, source=block[source], brief=brief)

    async def send(
        self,
        mail: Mail,
        source: str = "anna",
        *,
        to: str = "mail",
        name: str = "",
        brief: bool = True,
    ) -> Outcome:
        """Send a message, by the back door if nothing else is said; what became of it.

        Where the dialogue is shown in full, so is mxward's own log of it.
        """
        self.world.mxward.news()
        try:
            dialogue = await self.open(source, to=to, name=name or back_door(mail), brief=brief)
            reply = await dialogue.send(mail)
        except OSError as error:
            reply = Reply(0, (str(error),))
        if not brief:
            await self._log()
        return self.outcome(mail, reply, source)

    async def retry(self, mail: Mail, source: str = "anna", *, tries: int = 8) -> Outcome:
        """Send a message until it is taken or refused for good, as a sender's queue does."""
        outcome = await self.send(mail, source)
        while outcome.status.startswith(("4", "0")) and (tries := tries - 1):
            await asyncio.sleep(2)
            outcome = await self.send(mail, source)
        return outcome

    def outcome(self, mail: Mail, reply: Reply, source: str) -> Outcome:
        """What became of a message, as its client and the mail server's mailboxes tell it."""
        name, server = mail.message_id, self.world.mailserver
        kept = [found for found in server.mailboxes if found.message_id == name]
        gone = [found for found in server.relayed if found.message_id == name]
        relayed = len(gone) if gone or ELSEWHERE in mail.recipient else None
        how = " and ".join(sorted({self._how(found, source) for found in kept}))
        return Outcome(reply.status, self.world.speaker(reply.text), len(kept), how, relayed)

    def check(self, what: str, expected: Outcome, seen: Outcome) -> None:
        """Compare, say so, and put it into the table."""
        row = Row(self.scene, what, str(expected), str(seen))
        self.rows.append(row)
        if row.good:
            self.write(Line(Kind.VERDICT, f"{what}: {seen}"))
        else:
            self.write(Line(Kind.DIFFERS, f"{what}: expected {expected}; seen {seen}"))

    def stopped(self, error: Exception) -> None:
        """Put into the table that a scene could not be played to its end."""
        first = str(error).partition("\n")[0]
        self.rows.append(Row(self.scene, "the scene", "played to its end", first))
        self.write(Line(Kind.DIFFERS, f"the scene could not be played to its end: {error}"))

    def log(self) -> bool:
        """Show what mxward has logged since the last look, if anything."""
        news = self.world.mxward.news()
        for line in news:
            self.write(Line(Kind.LOG, line))
        return bool(news)

    async def _log(self) -> None:
        """The same, when it has been written: mxward does that about twice a second."""
        for _ in range(12):
            if self.log():
                break
            await asyncio.sleep(0.1)

    def _how(self, delivery: Delivery, source: str) -> str:
        who = self.world.block.who(delivery.client)
        if delivery.scanned_by and delivery.scanned_by != (who,):
            return f"from {who}, who says: scanned by {', '.join(delivery.scanned_by)}"
        if delivery.scanned_by:
            return f"via {who}"
        return "unscanned" if who == source else f"unscanned, as if from {who}"


def back_door(mail: Mail) -> str:
    """The name by which a client finds the mail server without asking for the MX."""
    return f"mail.{mail.recipient.rpartition('@')[2]}"
