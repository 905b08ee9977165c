"""A command line -> a command, or the reply that says what is wrong with it (RFC 5321 4.1).

Liberal where honest senders are sloppy (a space behind the colon, no angle brackets, dots anywhere
in a local part), strict where two readers could differ: what is given on is written anew from what
was understood, so the upstream never sees a recipient other than the one that was decided on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from mxward.smtp.replies import Reply, reply

__all__ = ["Command", "CommandError", "Mail", "Rcpt", "parse"]

MAX_PATH = 1024

_LOCAL = r'(?:[^\x00-\x20\x7f<>()\[\]\\,;:@"]+|"(?:[^"\\\x00-\x1f\x7f]|\\[\x20-\x7e])*")'
_DOMAIN = r'(?:\[[^\x00-\x20\x7f<>\[\]\\]*\]|[^\x00-\x20\x7f<>()\[\]\\,;:@"]+)'
_ROUTE = rf"(?:@{_DOMAIN}(?:,@{_DOMAIN})*:)"
_MAILBOX = rf"(?:{_LOCAL}(?:@{_DOMAIN})?)"
_PATH = re.compile(rf"(?:<(?P<in>{_ROUTE}?{_MAILBOX})?>|(?P<bare>{_MAILBOX}))(?= |\Z)")
_PARAMETER = re.compile(r"([A-Za-z0-9][A-Za-z0-9-]*)(?:=([\x21-\x3c\x3e-\x7e\x80-\U0010ffff]+))?")
_USUAL = re.compile(
    rb"(?:(MAIL FROM)|RCPT TO):<([A-Za-z0-9._+=-]{1,64}@[A-Za-z0-9.-]{1,255})>", re.IGNORECASE
)
"""How nearly all of them look; what it takes, the long way reads the same."""
_HELO = re.compile(r"[^\x00-\x1f\x7f]{1,255}")

_MAIL_KEYS = {"SIZE", "BODY", "SMTPUTF8", "RET", "ENVID", "AUTH"}
_BODIES = ("7BIT", "8BITMIME", "BINARYMIME")
_RCPT_KEYS = {"NOTIFY", "ORCPT"}


class CommandError(Exception):
    """A line that is no usable command; `reply` is what the client gets."""

    def __init__(self, answer: Reply) -> None:
        super().__init__(str(answer))
        self.reply = answer


@dataclass(slots=True)
class Command:
    """A verb in upper case, and the text behind it."""

    verb: str
    text: str = ""


@dataclass(slots=True)
class Mail:
    """MAIL FROM: the reverse-path and what the client asks for with it."""

    sender: str
    parameters: tuple[tuple[str, str | None], ...] = ()

    def get(self, key: str) -> str | None:
        """The value of a parameter; "" where it stands without one, None where it is missing."""
        if not self.parameters:
            return None
        return next((value or "" for name, value in self.parameters if name == key), None)

    def without(self, key: str) -> Mail:
        """The same without a parameter."""
        if self.get(key) is None:
            return self
        return Mail(self.sender, tuple(x for x in self.parameters if x[0] != key))

    @property
    def size(self) -> int:
        """The declared size in bytes (RFC 1870), 0 where none is."""
        return int(self.get("SIZE") or 0)

    @property
    def body(self) -> str:
        """What the message is made of, in upper case; empty where nothing was said."""
        return (self.get("BODY") or "").upper()

    @property
    def binary(self) -> bool:
        """Whether it is of arbitrary octets (RFC 3030 3)."""
        return self.body == "BINARYMIME"


@dataclass(slots=True)
class Rcpt:
    """RCPT TO: one recipient."""

    recipient: str
    parameters: tuple[tuple[str, str | None], ...] = ()


def parse(line: bytes) -> Command | Mail | Rcpt:
    """Understand one line without its CRLF. Raises CommandError."""
    usual = _USUAL.fullmatch(line)
    if usual is not None:
        path = usual[2].decode()
        return Mail(path) if usual[1] else Rcpt(path)
    try:
        text = line.decode()
    except UnicodeDecodeError:
        raise CommandError(reply(500, "5.5.2 Commands are ASCII or UTF-8")) from None
    verb, _, rest = text.partition(" ")
    verb = verb.upper() if verb.isascii() else verb  # "\u017f".upper() is "S"
    rest = rest.strip(" ")
    if verb in ("HELO", "EHLO"):
        return Command(verb, _helo(rest))
    if verb == "MAIL":
        return _mail(rest)
    if verb == "RCPT":
        return _rcpt(rest)
    if verb in ("DATA", "RSET", "QUIT", "STARTTLS") and rest:
        raise CommandError(reply(501, f"5.5.4 {verb} takes no argument"))
    return Command(verb, rest)


def _helo(name: str) -> str:
    if not _HELO.fullmatch(name):
        raise CommandError(reply(501, "5.5.4 Say who you are: EHLO host.name"))
    return name


def _mail(rest: str) -> Mail:
    sender, parameters = _path(rest, "FROM", "5.1.7")
    _known(parameters, _MAIL_KEYS)
    mail = Mail(sender, parameters)
    size = mail.get("SIZE")
    if size is not None and not re.fullmatch(r"[0-9]{1,20}", size, re.ASCII):
        raise CommandError(reply(501, "5.5.4 SIZE takes a number of bytes"))
    if mail.get("SMTPUTF8"):
        raise CommandError(reply(501, "5.5.4 SMTPUTF8 takes no value"))  # RFC 6531 3.4
    if mail.get("BODY") is not None and mail.body not in _BODIES:
        raise CommandError(reply(501, f"5.5.4 BODY takes {', '.join(_BODIES)}"))
    return mail


def _rcpt(rest: str) -> Rcpt:
    recipient, parameters = _path(rest, "TO", "5.1.3")
    if not recipient:
        raise CommandError(reply(501, "5.1.3 RCPT TO needs a recipient"))
    _known(parameters, _RCPT_KEYS)
    return Rcpt(recipient, parameters)


def _path(rest: str, word: str, enhanced: str) -> tuple[str, tuple[tuple[str, str | None], ...]]:
    """FROM:<path> or TO:<path>, and the parameters behind it."""
    head, colon, tail = rest.partition(":")
    if not colon or head.strip(" ").upper() != word:
        raise CommandError(reply(501, f"5.5.4 Syntax: {word}:<address>"))
    tail = tail.lstrip(" ")
    match = _PATH.match(tail)
    if match is None or match.end() > MAX_PATH:
        raise CommandError(reply(501, f"{enhanced} Bad address syntax"))
    return match["in"] or match["bare"] or "", _parameters(tail[match.end() :])


def _parameters(text: str) -> tuple[tuple[str, str | None], ...]:
    found: dict[str, str | None] = {}
    for word in filter(None, text.split(" ")):
        match = _PARAMETER.fullmatch(word)
        if match is None or match[1].upper() in found:
            raise CommandError(reply(501, "5.5.4 Bad parameter syntax"))
        found[match[1].upper()] = match[2]
    return tuple(found.items())


def _known(parameters: tuple[tuple[str, str | None], ...], keys: set[str]) -> None:
    for key, _ in parameters:
        if key not in keys:
            raise CommandError(reply(555, f"5.5.4 Unsupported parameter: {key[:40]}"))
