"""What the operator has set for every session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address

from mxward.smtp.identity import Identity
from mxward.smtp.limits import Limits, Timeouts
from mxward.smtp.phases import Phase, patiences
from mxward.smtp.rerouting import LoopMemory, Mark, RateCap
from mxward.smtp.secrecy import Auth
from mxward.smtp.vocabulary import Endpoint

__all__ = ["NOWHERE", "Settings"]

NOWHERE = Endpoint(IPv4Address(0), 0)
"""The mail server of clients that connect to us, where there are no such clients."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for every session with this mail server."""

    hostname: str
    mark: Mark
    mail_server: Endpoint
    contact: str = ""
    identity: Identity = Identity.NONE
    starttls: bool = False  # there is a certificate to show
    auth: Auth = Auth.TLS
    apart: bool = False  # recipients of different domains may have to go different ways
    limits: Limits = field(default_factory=Limits)
    timeouts: Timeouts = field(default_factory=Timeouts)
    loops: LoopMemory = field(default_factory=LoopMemory)
    caps: Mapping[str, RateCap] = field(default_factory=dict)  # by scanner
    patiences: Mapping[Phase, float] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "patiences", patiences(self.timeouts))
