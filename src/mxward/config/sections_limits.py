"""[limits], [timeouts], [content] and [[clients]]: how much, how long, and of what."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field, PlainValidator

from mxward import networks
from mxward.config import values, words
from mxward.config.tables import Table
from mxward.smtp.content import Content, Newlines
from mxward.smtp.limits import Limits, Timeouts

__all__ = ["ClientSettings", "ContentSettings", "LimitSettings", "TimeoutSettings"]

_LIMITS, _TIMEOUTS = Limits(), Timeouts()
_SMALLEST_MESSAGE = 65_536  # RFC 5321 4.5.3.1.7


def _message_size(size: int) -> int:
    if 0 < size < _SMALLEST_MESSAGE:
        raise ValueError(
            f"{size} is less than RFC 5321 4.5.3.1.7 asks for; write {_SMALLEST_MESSAGE} or more, "
            "or 0 to leave it to the mail server"
        )
    return size


_Count = Annotated[int, Field(ge=1, strict=True)]
_Newlines = Annotated[Newlines, PlainValidator(words.newlines)]
_Nul = Annotated[bool, PlainValidator(words.nul)]
_Seconds = Annotated[float, Field(ge=0.1, le=3600, strict=True, allow_inf_nan=False)]


class LimitSettings(Table):
    """[limits]: of all connections, of one client network, and of one session."""

    connections: _Count = 4000
    reserved: int | None = Field(default=None, ge=0, strict=True)  # None: a quarter
    per_network: _Count = 50
    ipv4_prefix: int = Field(default=32, ge=8, le=32, strict=True)
    ipv6_prefix: int = Field(default=64, ge=16, le=128, strict=True)
    commands: int = Field(default=_LIMITS.commands, ge=10, strict=True)
    errors: _Count = _LIMITS.errors
    recipients: int = Field(default=_LIMITS.recipients, ge=100, strict=True)
    line: int = Field(default=_LIMITS.line, ge=512, le=65_536, strict=True)
    message_size: Annotated[int, Field(ge=0, strict=True), AfterValidator(_message_size)] = 0
    slow: _Count = _LIMITS.slow

    def limits(self) -> Limits:
        """Those of one session, as the protocol knows them."""
        return Limits(
            commands=self.commands,
            errors=self.errors,
            recipients=self.recipients,
            line=self.line,
            message_size=self.message_size,
            slow=self.slow,
        )


class TimeoutSettings(Table):
    """[timeouts]: seconds without progress."""

    command: _Seconds = _TIMEOUTS.command
    data: _Seconds = _TIMEOUTS.data
    handshake: _Seconds = _TIMEOUTS.handshake
    decision: _Seconds = _TIMEOUTS.decision
    connect: _Seconds = _TIMEOUTS.connect
    hello: _Seconds = _TIMEOUTS.hello
    reply: _Seconds = _TIMEOUTS.reply
    data_start: _Seconds = _TIMEOUTS.data_start
    verdict: _Seconds = _TIMEOUTS.verdict

    def timeouts(self) -> Timeouts:
        """The same, as the protocol knows them."""
        return Timeouts(**self.model_dump())


class ContentSettings(Table):
    """[content]: what messages may be made of."""

    newlines: _Newlines = Newlines.NORMALISE
    nul: _Nul = False

    def content(self) -> Content:
        """The same, as the protocol knows it."""
        return Content(self.newlines, self.nul)


class ClientSettings(Table):
    """[[clients]]: the same for some clients only; a key that is not given is as in [content]."""

    network: Annotated[networks.Network, PlainValidator(values.network)]
    newlines: _Newlines | None = None
    nul: _Nul | None = None

    def content(self, others: ContentSettings) -> Content:
        """What their messages may be made of, where `others` is everybody else's."""
        return Content(
            others.newlines if self.newlines is None else self.newlines,
            others.nul if self.nul is None else self.nul,
        )
