"""What a dialogue says of its operator and its mail server, in its lines that begin with `%`."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from mxward.smtp.content import Content, Newlines
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity
from mxward.smtp.secrecy import Auth, Tls
from mxward.smtp.settings import Settings
from tests.smtp.transcript import Line

__all__ = ["Premises"]


@dataclass(frozen=True)
class Premises:
    """What holds for all sessions of a dialogue."""

    settings: Settings
    mail_server: Extensions  # what it is known to offer
    content: Content = field(default_factory=Content)
    whole: bool = False

    def with_(self, line: Line) -> Premises:
        """The same, with what one line says."""
        word, _, value = line.text.decode().partition(" ")
        settings = self.settings
        match word:
            case "whole":
                return replace(self, whole=True)
            case "nul":
                return replace(self, content=replace(self.content, nul=True))
            case "newlines":
                return replace(self, content=replace(self.content, newlines=Newlines(value)))
            case "offers":
                keyword, _, parameters = value.partition(" ")
                known = {**self.mail_server.keywords, keyword: parameters}
                return replace(self, mail_server=Extensions(known))
            case "identity":
                settings = replace(settings, identity=Identity(value))
            case "auth":
                settings = replace(settings, auth=Auth(value))
            case "tls":
                server = replace(settings.mail_server, tls=Tls(value))
                settings = replace(settings, mail_server=server)
            case "implicit":
                server = replace(settings.mail_server, implicit=True)
                settings = replace(settings, mail_server=server)
            case "limits":
                name, _, number = value.partition("=")
                settings = replace(settings, limits=replace(settings.limits, **{name: int(number)}))
            case "starttls":
                settings = replace(settings, starttls=True)
            case "apart":
                settings = replace(settings, apart=True)
            case _:
                raise ValueError(f"% {word}")
        return replace(self, settings=settings)
