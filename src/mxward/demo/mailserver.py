"""The mail server: mailboxes in memory, for its own domains and nobody else's.

It relays for the host it runs on, as Postfix does by default (mynetworks): whoever hands it a
stranger's connection without saying whose it is makes it an open relay. Where connections begin
with a PROXY header, it believes that header, and knows the client.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass
from itertools import count

from aiosmtpd.smtp import SMTP, Envelope, Session

from mxward.demo.mail import message_id, scanned_by
from mxward.demo.smtpd import Listeners
from mxward.demo.tape import Kind, Line, Write

__all__ = ["Delivery", "MailServer"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message in one mailbox, or on its way to somebody else's server."""

    recipient: str
    sender: str
    client: str  # the address it came from, as far as the mail server knows
    message_id: str
    scanned_by: tuple[str, ...]


class MailServer:
    """Keeps what it takes, and remembers what it said."""

    def __init__(
        self,
        hostname: str,
        domains: Container[str],
        mynetworks: Container[str],
        named: Callable[[str], str],
        write: Write,
    ) -> None:
        self._domains, self._mynetworks = domains, mynetworks
        self._named, self._write = named, write
        self._queue_ids = count(0x1A2B)
        self.mailboxes: list[Delivery] = []
        self.relayed: list[Delivery] = []
        self.said: list[str] = []
        self.listeners = Listeners(self, hostname)

    def crash(self) -> None:
        """Go away, whatever is going on."""
        self.listeners.close()

    async def recover(self) -> None:
        """Come back. Raises OSError."""
        await self.listeners.reopen()

    async def hears(self, octets: int, seconds: float = 2.0) -> bool:
        """Wait until that much has come in on open connections; False where it does not."""
        for _ in range(int(seconds / 0.01)):
            if self.listeners.heard >= octets:
                return True
            await asyncio.sleep(0.01)
        return False

    # what aiosmtpd calls; its names

    async def handle_PROXY(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, proxy_data: object
    ) -> bool:
        return True

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        local, _, domain = address.rpartition("@")
        ours = domain.lower() in self._domains and not set(local) & set("%!@")
        if not ours and _client(session) not in self._mynetworks:
            return self._say(f"550 5.7.1 <{address}>: relaying denied")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        for recipient in envelope.rcpt_tos:
            self._keep(recipient, envelope.mail_from or "", _client(session), content)
        return self._say(f"250 2.0.0 Ok: queued as {next(self._queue_ids):X}")

    async def handle_exception(self, error: Exception) -> str:
        self._write(Line(Kind.NOTE, f"the mail server fails: {error!r}", 1))
        return self._say("451 4.3.0 Internal error")

    def _keep(self, recipient: str, sender: str, client: str, content: bytes) -> None:
        delivery = Delivery(recipient, sender, client, message_id(content), scanned_by(content))
        ours = recipient.rpartition("@")[2].lower() in self._domains
        (self.mailboxes if ours else self.relayed).append(delivery)
        where = f"into {recipient}'s mailbox" if ours else f"RELAYED to {recipient}"
        names = ", ".join(delivery.scanned_by)
        scanned = f"scanned by {names}" if names else "not scanned"
        note = f"mail server: {where}, {scanned}; client {self._named(client)}"
        self._write(Line(Kind.NOTE, note, 1))

    def _say(self, reply: str) -> str:
        self.said.append(reply)
        return reply


def _client(session: Session) -> str:
    """Who is at the far end: as the PROXY header says, where there is one that does."""
    told = session.proxy_data.src_addr if session.proxy_data else None
    return str(told) if told else str(session.peer[0]) if session.peer else ""
