"""The scanner: refuses EICAR's test string at the end of the data, hands the rest on at once.

It is a filter without a queue: its own answer is the answer of the server it hands the mail to,
and where that one cannot be reached it says 451. One recipient at a time, like the demo's clients.
"""

from __future__ import annotations

from collections.abc import Callable, Container
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, Envelope, Session

from mxward.demo.dialogue import Reply, talk
from mxward.demo.mail import Mail, infected
from mxward.demo.smtpd import Listeners
from mxward.demo.tape import Kind, Line, Write

__all__ = ["Onward", "Scanner"]


@dataclass(frozen=True, slots=True)
class Onward:
    """Where a scanner hands clean mail to, and from which address of its own."""

    host: str
    port: int
    source: str
    title: str  # what a transcript says of who talks to whom


class Scanner:
    """A filtering service; it may listen on several MX hosts' addresses."""

    def __init__(
        self,
        name: str,
        hostname: str,
        customers: Container[str],
        onward: Onward,
        named: Callable[[str], str],
        write: Write,
    ) -> None:
        self.name, self._hostname = name, hostname
        self._customers, self._onward = customers, onward
        self._named, self._write = named, write
        self.said: list[str] = []
        self.listeners = Listeners(self, hostname)

    async def handle_RCPT(  # noqa: N802
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        rcpt_options: list[str],
    ) -> str:
        if address.rpartition("@")[2].lower() not in self._customers:
            return self._say("550 5.7.1 Not a customer of ours")
        if envelope.rcpt_tos:
            return self._say("452 4.5.3 One recipient at a time")
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.original_content or b""
        client = session.peer[0] if session.peer else "?"
        if infected(content):
            self._note(f"{self.name}: from {self._named(client)}: EICAR found")
            return self._say(f"550 5.7.1 {self.name}: virus found: Eicar-Test-Signature")
        self._note(f"{self.name}: from {self._named(client)}: clean, handed on")
        return await self._hand_on(envelope, self._stamp(client) + content)

    async def handle_exception(self, error: Exception) -> str:
        self._note(f"{self.name} fails: {error!r}")
        return self._say("451 4.3.0 Internal error")

    def _stamp(self, client: str) -> bytes:
        received = f"Received: from [{client}] by {self._hostname} with ESMTP\r\n"
        return f"{received}X-Scanned-By: {self.name}\r\n".encode()

    async def _hand_on(self, envelope: Envelope, content: bytes) -> str:
        onward = self._onward
        mail = Mail(
            self._hostname, envelope.mail_from or "", envelope.rcpt_tos[0], content, "[the message]"
        )
        try:
            dialogue = await talk(
                self._write,
                onward.title,
                onward.host,
                onward.port,
                source=onward.source,
                brief=True,
                depth=1,
            )
            reply = await dialogue.send(mail)
        except OSError:
            return self._say("451 4.4.1 Cannot reach the mail server")
        return _passed_on(reply) or self._say("451 4.4.2 The mail server hung up")

    def _note(self, text: str) -> None:
        self._write(Line(Kind.NOTE, text, 1))

    def _say(self, reply: str) -> str:
        self.said.append(reply)
        return reply


def _passed_on(reply: Reply) -> str:
    """A reply as it came; empty where there is none."""
    if not reply.code:
        return ""
    code = f"{reply.code}"
    return "\r\n".join(
        [f"{code}-{line}" for line in reply.lines[:-1]] + [f"{code} {reply.lines[-1]}"]
    )
