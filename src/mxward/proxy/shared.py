"""What all sessions share: the settings, who decides, the log, and how many there are."""

from __future__ import annotations

import secrets
import time
from collections import Counter
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Protocol

from mxward.networks import Address
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.findings import Findings
from mxward.smtp.envelope import Settings
from mxward.smtp.extensions import Extensions
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["MAX_SESSIONS", "Session", "Shared"]

MAX_SESSIONS = 4000
"""Sessions at once; each may need two descriptors. More are told 421."""
MAX_PER_CLIENT = 50
"""Sessions of one address (IPv6: of one /64) at once, as Postfix has it. Scanners are exempt."""


class Session(Protocol):
    """A client's session, as those see it who end the proxy."""

    def shut(self) -> None:
        """End, unless a message is under way."""
        ...


@dataclass(slots=True)
class Shared:
    """One for all sessions. `mail_server` is what the mail server offered last."""

    settings: Settings
    decider: Decider
    eventlog: EventLog
    mail_endpoint: Endpoint
    reroute_sources: Mapping[int, Address] = field(default_factory=dict)  # by IP version
    mail_server: Extensions = field(default_factory=Extensions)
    findings: Findings = field(init=False)
    most_sessions: int = MAX_SESSIONS
    sessions: dict[Session, Hashable] = field(default_factory=dict)
    _clients: Counter[Hashable] = field(default_factory=Counter)
    _told_full: float = -inf

    def __post_init__(self) -> None:
        self.findings = Findings(self.log)

    def admit(self, session: Session, client: Address) -> bool:
        """Whether there is room for one more of this client; counts it if so."""
        network = client if client.version == 4 else int(client) >> 64  # one host has all of a /64
        if len(self.sessions) >= self.most_sessions:
            self._full("all sessions are in use", client)
            return False
        if self._clients[network] >= MAX_PER_CLIENT and not self._is_a_scanners(client):
            self._full("this client has too many sessions", client)
            return False
        self.sessions[session] = network
        self._clients[network] += 1
        return True

    def leave(self, session: Session) -> None:
        network = self.sessions.pop(session, None)
        if network is not None:
            self._clients[network] -= 1
            if not self._clients[network]:
                del self._clients[network]

    def _is_a_scanners(self, client: Address) -> bool:
        """Scanners bring everybody's mail; they are declared, and may come as they like."""
        scanners = self.decider.rules.scanners.values()
        return any(client in s.egress or client in s.addresses for s in scanners)

    def _full(self, why: str, client: Address) -> None:
        """Tell that a client was turned away, once a minute."""
        now = time.monotonic()
        if now >= self._told_full + 60:
            self._told_full = now
            self.log(Log("full", {"why": why, "client": client}, loud=True))

    def new_id(self) -> str:
        """An id that a client may quote and the log knows."""
        return secrets.token_hex(5)

    def source_for(self, endpoint: Endpoint) -> Address | None:
        """The address to connect from: rerouted mail may have one of its own."""
        if not endpoint.scanner:
            return None
        return self.reroute_sources.get(endpoint.address.version)

    def log(self, entry: Log) -> None:
        fields = {"level": "loud", **entry.fields} if entry.loud else entry.fields
        self.eventlog.put(time.time(), entry.event, fields)
