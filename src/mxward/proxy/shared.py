"""What all sessions share: the settings, who decides, the log, and how many there are."""

from __future__ import annotations

import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from mxward.networks import Address
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.smtp.envelope import Settings
from mxward.smtp.extensions import Extensions
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["MAX_SESSIONS", "Session", "Shared"]

MAX_SESSIONS = 4000
"""Sessions at once; each may need two descriptors. More are told 421."""


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
    sessions: set[Session] = field(default_factory=set)

    def admit(self, session: Session) -> bool:
        """Whether there is room for one more; counts it if so."""
        if len(self.sessions) >= MAX_SESSIONS:
            return False
        self.sessions.add(session)
        return True

    def leave(self, session: Session) -> None:
        self.sessions.discard(session)

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
