"""The messages that are sent in the demo, and what a scanner looks for in them.

The only payload is EICAR's test string: harmless, and known to every virus scanner.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import EmailMessage, Message
from email.policy import SMTP

__all__ = ["EICAR", "Mail", "honest", "infected", "message_id", "scanned_by", "worm"]

# in two halves, so that nobody's virus scanner takes this file for a virus
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@dataclass(frozen=True, slots=True)
class Mail:
    """One message to one recipient, and how its sender introduces itself."""

    helo: str
    sender: str
    recipient: str
    content: bytes
    label: str  # what a transcript shows instead of the content

    @property
    def message_id(self) -> str:
        """The message's name, by which its deliveries are counted."""
        return message_id(self.content)

    def to(self, recipient: str) -> Mail:
        """The same message to somebody else."""
        return replace(self, recipient=recipient)


def worm(number: int) -> Mail:
    """The worm of 17 November 2010, as the log line of a mail server told it."""
    message = EmailMessage()
    message["From"] = "Hallmark <e-cards@hallmark.com>"
    message["To"] = "shaun@it.co.za"
    message["Subject"] = "You have received A Hallmark E-Card!"
    message["Date"] = "Wed, 17 Nov 2010 09:28:01 +0200"
    message["Message-ID"] = f"<e-card-{number}@hallmark.com>"
    message.set_content("You have received a Hallmark E-Card. Open the attachment to see it.\n")
    message.add_attachment(EICAR, "application", "octet-stream", filename="postcard.com")
    return _mail("hallmark.com", "e-cards@hallmark.com", "shaun@it.co.za", message, "EICAR")


def honest(
    number: int,
    recipient: str,
    subject: str,
    *,
    helo: str = "anna.example",
    sender: str = "anna@anna.example",
) -> Mail:
    """Mail that somebody waits for."""
    message = EmailMessage()
    message["From"] = sender
    message["To"] = recipient
    message["Subject"] = subject
    message["Date"] = "Wed, 17 Nov 2010 09:30:00 +0200"
    message["Message-ID"] = f"<{number}@{sender.partition('@')[2]}>"
    message.set_content("Shall we meet on Friday at ten?\n\nAnna\n")
    return _mail(helo, sender, recipient, message, "")


def _mail(helo: str, sender: str, recipient: str, message: EmailMessage, payload: str) -> Mail:
    content = message.as_bytes(policy=SMTP)
    what = f"with {payload} attachment, " if payload else ""
    label = f'["{message["Subject"]}", {what}{len(content) / 1000:.1f} KB]'
    return Mail(helo, sender, recipient, content, label)


def infected(content: bytes) -> bool:
    """Whether EICAR's test string is in any part of a message, however it is encoded."""
    message = message_from_bytes(content)
    return EICAR in content or any(EICAR in _decoded(part) for part in message.walk())


def _decoded(part: Message) -> bytes:
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


def message_id(content: bytes) -> str:
    """A message's Message-ID, or an empty string."""
    return str(message_from_bytes(content).get("Message-ID", "")).strip()


def scanned_by(content: bytes) -> tuple[str, ...]:
    """The scanners that say in the header that they have seen the message."""
    return tuple(str(name) for name in message_from_bytes(content).get_all("X-Scanned-By", []))
