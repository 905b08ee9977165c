"""Mail servers that a probe meets, each with the manners of one kind, and what is true of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from mxward.smtp.probed import About, Answered, Guarded, Secured
from tests.certificates import Authority
from tests.integration.servers import Exim, MailServer, Postfix, room
from tests.lookup import mail_servers
from tests.lookup.mail_servers import Talk

__all__ = ["AUDITOR", "FAKES", "OURS", "REAL", "SENDER", "Expected", "standing"]

AUDITOR = "192.0.2.77"
SENDER = "audit@provider.example"
OURS, OTHERS = "it.co.za", "elsewhere.example"


@dataclass(frozen=True)
class Expected:
    """What is true of a server and a domain: the fields that are told are compared."""

    answered: Answered
    about: About | None = None
    catch_all: bool | None = None
    trusting: bool | None = None
    guarded: Guarded | None = None
    sender: str = ""
    tls: Secured = Secured.NONE


_ACCEPTED, _REFUSED = Answered.ACCEPTED, Answered.REFUSED
_RELAYS_NOT = Expected(_REFUSED, About.DOMAIN, trusting=False)
_RELAYS_NOT_454 = Expected(Answered.DEFERRED, About.DOMAIN, trusting=False)  # Postfix's default
_CATCH_ALL = Expected(_ACCEPTED, catch_all=True, trusting=False)
_OPEN = Expected(_ACCEPTED, catch_all=False, trusting=False)

_KNOWN = "virtual_mailbox_maps = inline:{ {postmaster@it.co.za=x}, {shaun@it.co.za=x} }\n"
_KNOWS_ITS_USERS = """\
  deny    domains = +local_domains
          !local_parts = postmaster : shaun
          message = 5.1.1 User unknown
"""
_WATCHED = """\
acl_smtp_predata = saw_data
acl_smtp_quit = saw_quit
"""
_WATCHING = """\
saw_data:
  accept  logwrite = a message was begun
saw_quit:
  accept  logwrite = QUIT was said
"""


class WatchedExim(Exim):
    """Exim that writes down whoever begins a message, and whoever leaves in good order."""

    acls = _WATCHING
    rcpt = _KNOWS_ITS_USERS

    def configure(self) -> list[str]:
        if _WATCHED not in self.settings:
            self.settings += _WATCHED
        return super().configure()


class Greylister(WatchedExim):
    """It takes a sender's mail for a recipient when it comes for the second time."""

    rcpt = """\
  defer   domains = +local_domains
          !seen = 1d / key=${sender_host_address} $sender_address $local_part@$domain
          message = 4.2.0 Greylisted, see you later
"""


class Tarpit(WatchedExim):
    """Every recipient takes its time."""

    rcpt = f"  warn    delay = 1s\n{_KNOWS_ITS_USERS}"


class Picky(WatchedExim):
    """It takes nothing from whoever greets by a name that it does not like."""

    rcpt = f"""\
  deny    condition = ${{if match{{$sender_helo_name}}{{mxward}}}}
          message = 5.7.1 Helo command rejected: Host not found
{_KNOWS_ITS_USERS}"""


class Postscreen(Postfix):
    """Postfix behind postscreen, which lets a first client wait for six seconds."""

    def _inet_services(self) -> str:
        return (
            f"{self.address}:{self.port} inet n - n - 1 postscreen\n"
            "smtpd pass - - n - - smtpd\n"
            "dnsblog unix - - n - 0 dnsblog\n"
            "tlsproxy unix - - n - 0 tlsproxy\n"
        )


REAL: dict[str, tuple[type[MailServer], str, tuple[Expected, Expected]]] = {
    "postfix": (Postfix, _KNOWN, (_OPEN, _RELAYS_NOT_454)),
    "catch-all": (Postfix, "", (_CATCH_ALL, _RELAYS_NOT_454)),
    "exim": (WatchedExim, "", (_OPEN, _RELAYS_NOT)),
    "postscreen": (Postscreen, _KNOWN, (_OPEN, _RELAYS_NOT_454)),
    "greylister": (
        Greylister,
        "",
        (_CATCH_ALL, _RELAYS_NOT),
    ),
    "refuses-the-null-sender": (
        Postfix,
        f"{_KNOWN}smtpd_sender_restrictions = check_sender_access inline:{{ {{<>=reject}} }}\n",
        (
            Expected(_ACCEPTED, catch_all=False, trusting=False, sender=SENDER),
            Expected(Answered.DEFERRED, About.DOMAIN, trusting=False, sender=SENDER),
        ),
    ),
    "tarpit": (Tarpit, "", (_OPEN, _RELAYS_NOT)),
    "picky": (Picky, "", (_OPEN, _RELAYS_NOT)),
    "trusts-us": (
        Postfix,
        f"{_KNOWN}mynetworks = {AUDITOR}\n",
        (
            Expected(_ACCEPTED, catch_all=False, trusting=True),
            Expected(_ACCEPTED, catch_all=True, trusting=True),
        ),
    ),
    # Not closed for the domain, only for us as far as it says: never a DOMAIN.
    "refuses-our-address": (
        Postfix,
        f"smtpd_client_restrictions = check_client_access inline:{{ {{{AUDITOR}=reject}} }}\n",
        (
            Expected(_REFUSED, About.CLIENT),
            Expected(_REFUSED, About.CLIENT),
        ),
    ),
    "starttls": (
        Postfix,
        _KNOWN,
        (
            Expected(_ACCEPTED, catch_all=False, trusting=False, tls=Secured.STARTTLS),
            Expected(Answered.DEFERRED, About.DOMAIN, trusting=False, tls=Secured.STARTTLS),
        ),
    ),
}


@contextmanager
def standing(directory: Path) -> Iterator[dict[str, MailServer]]:
    """All real ones, by name."""
    authority = Authority()
    servers: dict[str, MailServer] = {}
    room.own(AUDITOR)
    with ExitStack() as stack:
        for number, (name, (kind, settings, _)) in enumerate(REAL.items(), 1):
            servers[name] = stack.enter_context(
                kind(
                    directory / name,
                    f"203.0.113.{number}",
                    domains=[OURS],
                    settings=settings,
                    certificate=authority.issue(f"{name}.example") if name == "starttls" else None,
                )
            )
        yield servers


# -- and what no real server does for long ------------------------------------------------------


async def _hang(talk: Talk) -> None:
    await asyncio.sleep(60)


async def _hang_up_at_ehlo(talk: Talk) -> None:
    await talk.say("220 mail.test")
    await talk.line()


async def _reset_after_quit(talk: Talk) -> None:
    await talk.say("220 mail.test")
    while line := await talk.line():
        if line == "QUIT":
            break
        stranger = line.startswith("RCPT") and "postmaster" not in line
        await talk.say("550 5.1.1 User unknown" if stranger else "250 OK")
    talk.reset()


async def _too_busy(talk: Talk) -> None:
    await talk.say("421 4.7.0 Too many connections")
    talk.reset()


_SILENT = Expected(Answered.SILENT)
_BUSY = Expected(Answered.SILENT, About.CLIENT)
_UNREACHED = Expected(Answered.UNREACHED)
_RESETS = Expected(_ACCEPTED, catch_all=False, trusting=True)

FAKES = {
    "hangs": (mail_servers.MailServer("203.0.113.101", _hang), _SILENT),
    "hangs-up": (mail_servers.MailServer("203.0.113.102", _hang_up_at_ehlo), _SILENT),
    "resets-after-quit": (mail_servers.MailServer("203.0.113.103", _reset_after_quit), _RESETS),
    "too-busy": (mail_servers.MailServer("203.0.113.104", _too_busy), _BUSY),
}
