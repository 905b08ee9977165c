"""What all sessions share: the settings, who decides, who is admitted, and the log."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import InitVar, dataclass, field, replace
from random import Random

from mxward import metrics
from mxward.metrics.onward import Onward
from mxward.model import Arrival, Decision
from mxward.networks import Address, Networks
from mxward.proxy.admission import Admission, Room
from mxward.proxy.census import Census, Seat
from mxward.proxy.certificates import Certificates
from mxward.proxy.decider import Decider
from mxward.proxy.diversion import Diversion
from mxward.proxy.eventlog import EventLog
from mxward.proxy.findings import Findings
from mxward.proxy.mail_server import MailServer
from mxward.proxy.pool import Pool
from mxward.proxy.recent import Recent
from mxward.proxy.source import Source
from mxward.proxy.tls import upstream_context
from mxward.proxy.troubles import Troubles
from mxward.smtp.content import Content
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Peer
from mxward.smtp.preamble import Ends
from mxward.smtp.replies import reply
from mxward.smtp.secrecy import Tls
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["Shared"]

MOST_MAIL_SERVERS = 4096
"""How many are known at once: whole networks may be diverted."""


def _strict(client: Address) -> Content:
    return Content()


def _uncounted() -> Onward:
    return Onward(metrics.board(0).row(0), time.monotonic)


@dataclass(slots=True)
class Shared:
    """One for all sessions; to be made on their event loop.

    Where it takes the place of a `former` one, after a reload, it goes on with what that has
    counted, learned and told; sessions under way stay with the former.
    """

    settings: Settings
    decider: Decider
    eventlog: EventLog
    reroute_sources: Mapping[int, Address] = field(default_factory=dict)  # by IP version
    balancers: Networks = field(default_factory=Networks)  # they begin with a PROXY header
    content_for: Callable[[Address], Content] = _strict
    certificates: Certificates | None = None
    diversion: Diversion | None = None
    upstream_ca: str | None = None
    room: Room = field(default_factory=Room)
    pool: Pool = field(default_factory=lambda: Pool(0))
    census: Seat = field(default_factory=lambda: Census().seat(0))
    onward: Onward = field(default_factory=_uncounted)
    recent: Recent = field(default_factory=Recent)
    most_sessions: int | None = None  # in this process; None: as many as there is room for
    former: InitVar[Shared | None] = None
    loop: asyncio.AbstractEventLoop = field(init=False)
    mail_server: MailServer = field(init=False)  # of the clients that connect to us
    upstream_contexts: dict[Tls, ssl.SSLContext] = field(init=False)
    findings: Findings = field(init=False)
    troubles: Troubles = field(init=False)
    admission: Admission = field(init=False)
    asking: set[asyncio.Task[None]] = field(default_factory=set)  # what mail servers offer
    _mail_servers: dict[Endpoint, MailServer] = field(default_factory=dict)  # of the others
    _ids: Random = field(default_factory=Random)  # seeded by the system; nothing rests on it

    def __post_init__(self, former: Shared | None) -> None:
        if former is not None:
            self._go_on_from(former)
            return
        self.loop = asyncio.get_running_loop()
        self.mail_server = MailServer(self.settings)
        self.upstream_contexts = self._contexts()
        self.findings = Findings(self.log, self.recent.found)
        self.troubles = Troubles(self.log, time.monotonic)
        self.admission = Admission(
            self.room,
            self.decider.welcomes,
            self.log,
            time.monotonic,
            self.census,
            self.most_sessions,
        )

    def _go_on_from(self, former: Shared) -> None:
        self.loop = former.loop
        self.mail_server = MailServer(self.settings, former.mail_server)
        for endpoint, known in former._mail_servers.items():
            if known.heard:
                settings = replace(self.settings, mail_server=endpoint)
                self._mail_servers[endpoint] = MailServer(settings, known)
        same_authorities = former.upstream_ca == self.upstream_ca
        self.upstream_contexts = former.upstream_contexts if same_authorities else self._contexts()
        self.findings, self.troubles = former.findings, former.troubles
        self.admission = former.admission
        self.asking = former.asking
        self.admission.set_room(self.room, self.most_sessions)
        self.admission.is_front_door = self.decider.welcomes

    def _contexts(self) -> dict[Tls, ssl.SSLContext]:
        modes = (Tls.OPPORTUNISTIC, Tls.VERIFIED)
        return {tls: upstream_context(tls, self.upstream_ca) for tls in modes}

    def mail_server_at(self, endpoint: Endpoint) -> MailServer:
        """One whose clients are diverted to us."""
        found = self._mail_servers.pop(endpoint, None)
        if found is None:
            found = MailServer(replace(self.settings, mail_server=endpoint))
            if len(self._mail_servers) >= MOST_MAIL_SERVERS:
                del self._mail_servers[self._least_wanted()]
        self._mail_servers[endpoint] = found  # those nobody asks for come to stand first
        return found

    def _least_wanted(self) -> Endpoint:
        """Rather one that has never answered: a stranger may make us ask for any address."""
        silent = (at for at, server in self._mail_servers.items() if not server.heard)
        return next(silent, next(iter(self._mail_servers)))

    def known(self, endpoint: Endpoint) -> MailServer | None:
        """The mail server there, if it is one that is served."""
        if endpoint == self.mail_server.endpoint:
            return self.mail_server
        return self._mail_servers.get(endpoint)

    def learned(self, mail_server: MailServer, extensions: Extensions) -> None:
        """A mail server has said what it offers."""
        self.onward.answered()
        mail_server.learned(extensions)

    def failed(self, endpoint: Endpoint, why: str) -> None:
        """No connection could be made there, or not as it is wanted.

        Where whole networks are diverted, an address that has never answered is told of, but it is
        no mail server that fails: anybody may connect to it.
        """
        anybodys = self.diversion is not None and not self.diversion.names(endpoint.address)
        known = self._mail_servers.get(endpoint) if anybodys else None
        nobody = known is not None and not known.heard
        self.onward.failed(endpoint, nobody=nobody)
        self.troubles.met(endpoint, why, quietly=nobody)

    def context_for(self, client: Address) -> ssl.SSLContext:
        """For a client's handshake. Raises RuntimeError where there is no certificate."""
        if self.certificates is None:
            raise RuntimeError("STARTTLS without a certificate")
        return self.certificates.context_for(client)

    def handshake_failed(self, client: Address, why: Exception) -> None:
        if self.certificates is not None:
            self.certificates.handshake_failed(client, why)

    def peer(self, ends: Ends) -> Peer:
        """A client that is to have a session."""
        return Peer(
            ends.client,
            ends.client_port,
            ends.server,
            ends.server_port,
            self.new_id(),
            self.content_for(ends.client),
        )

    def failure(self, session: str, trace: str) -> bytes:
        """A mistake of ours: the log has it all; gives the client's last word, by which its session
        can be found there.
        """
        self.log(Log("failure", {"id": session, "trace": trace}, loud=True))
        return bytes(reply(421, f"4.3.0 An internal failure, try again (id {session})"))

    def new_id(self) -> str:
        """An id that a client may quote and the log knows."""
        return f"{self._ids.getrandbits(40):010x}"

    def decided(self, arrival: Arrival, decision: Decision) -> None:
        """Somebody else may want to know."""
        self.findings.consider(decision)
        self.recent.consider(arrival, decision)

    def source_for(self, endpoint: Endpoint, client: Address | None) -> Source | None:
        """Where to connect from: as the `client`, if one is given; rerouted mail may have an
        address of its own.
        """
        if client is not None:
            return Source(
                client, foreign=True, mark=self.diversion.mark if self.diversion else None
            )
        own = self.reroute_sources.get(endpoint.address.version) if endpoint.scanner else None
        return Source(own) if own is not None else None

    def log(self, entry: Log) -> None:
        fields = {"level": "loud", **entry.fields} if entry.loud else entry.fields
        self.eventlog.put(time.time(), entry.event, fields)
