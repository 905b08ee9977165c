"""What Postfix and Exim have in common when they stand behind mxward as the mail server."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

from tests.certificates import Issued
from tests.integration.servers.server import Server, greets

_SETTLED_WITHIN = 30.0  # seconds
_HEALTH_CHECK = b"PROXY TCP4 127.0.0.1 127.0.0.1 1 1\r\n"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message in a mailbox."""

    recipient: str
    sender: str  # "" is the null sender
    raw: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.raw, policy=policy.default)


class MailServer(Server):
    """Every mailbox of `domains` exists, but not `nobody@`, which is refused with 550.

    It listens on `port`, and where `proxy_port` is given also there, for a proxy that tells it the
    client by the PROXY protocol (v1 or v2). As packaged, it relays for clients on its own host to
    anywhere; such mail stays in its queue, since nothing ever leaves it. With a `certificate` it
    offers STARTTLS. `settings` are lines for its own configuration.
    """

    def __init__(
        self,
        directory: Path,
        address: str,
        port: int = 25,
        *,
        domains: Iterable[str] = (),
        proxy_port: int | None = None,
        hostname: str = "mail.provider.example",
        certificate: Issued | None = None,
        settings: str = "",
    ) -> None:
        super().__init__(directory, address, port)
        self.proxy_port = proxy_port
        self.domains = tuple(domains)
        self.hostname = hostname
        self.certificate = certificate
        self.settings = settings

    @abstractmethod
    def queued(self) -> list[str]:
        """The recipients whose mail it has accepted and still holds: relayed mail and bounces."""

    @abstractmethod
    def busy(self) -> bool:
        """Whether mail it has accepted is still on its way to a mailbox, or to the queue."""

    def mail(self, recipient: str | None = None) -> list[Mail]:
        """What is in the mailbox of `recipient`, or in all of them, when nothing is under way."""
        self.wait_until_settled()
        found = [_read(path) for path in sorted(self.directory.glob("mail/new/*"))]
        return [mail for mail in found if recipient in (None, mail.recipient)]

    def wait_until_settled(self) -> None:
        """Wait until all accepted mail is in a mailbox or stays in the queue."""
        self.wait_until(
            lambda: not self.busy(), _SETTLED_WITHIN, "all mail is delivered or put off"
        )

    def count(self, recipient: str | None = None) -> int:
        """How many messages are in the mailbox of `recipient`, or in all of them."""
        return len(self.mail(recipient))

    def _write_certificate(self) -> bool:
        """As /srv/mx.pem and /srv/mx.key; whether there is one."""
        if self.certificate is None:
            return False
        for path in self.certificate.write(self.directory, "mx"):
            Path(path).chmod(0o644)
        return True

    def answers(self) -> bool:
        if self.proxy_port and not greets(self.address, self.proxy_port, _HEALTH_CHECK):
            return False
        return greets(self.address, self.port)


def _read(path: Path) -> Mail:
    raw = path.read_bytes()
    headers = message_from_bytes(raw.partition(b"\n\n")[0], policy=policy.compat32)
    recipient = headers["Delivered-To"] or headers["Envelope-To"] or ""
    return Mail(str(recipient), str(headers["Return-Path"]).strip("<>"), raw)
