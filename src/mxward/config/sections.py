"""The tables of mxward.toml and what may stand in them.

One model for each table; field names are the keys. A single value that is wrong is refused here;
what only several values together can show is in `checks`.
"""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationInfo

from mxward.config import endpoints, values
from mxward.config.endpoints import Endpoint
from mxward.config.values import LogFormat
from mxward.domains import Domains
from mxward.model import Scanner, Stage, Trust
from mxward.networks import Address, Network, Networks
from mxward.smtp.identity import Identity

__all__ = [
    "DnsSettings",
    "InventorySettings",
    "LogSettings",
    "PolicySettings",
    "ScannerSettings",
    "ServerSettings",
    "StageSettings",
    "StoreSettings",
    "TrustSettings",
]


def _beside(value: object, info: ValidationInfo) -> str:
    """A path or pattern; a relative one starts where the configuration file is."""
    folder: Path = (info.context or {}).get("folder", Path())
    return str(folder / values.path(value))


_Address = Annotated[Address, PlainValidator(values.address)]
_Domain = Annotated[str, PlainValidator(values.domain)]
_Domains = Annotated[str, PlainValidator(values.domains)]
_Listener = Annotated[Endpoint, PlainValidator(endpoints.listener)]
_NameServer = Annotated[Endpoint, PlainValidator(endpoints.name_server)]
_Network = Annotated[Network, PlainValidator(values.scanner_network)]
_Note = Annotated[str, PlainValidator(values.note)]
_Path = Annotated[str, PlainValidator(_beside)]
_Staged = Annotated[str, PlainValidator(values.staged_domains)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False)


class ServerSettings(_Table):
    """[server]: where mxward listens, and the mail server behind it."""

    hostname: _Domain | None = None
    listen: tuple[_Listener, ...] = (Endpoint("127.0.0.1", 2525),)
    upstream: Annotated[Endpoint, PlainValidator(endpoints.server)] | None = None
    identity: Annotated[Identity, PlainValidator(values.identity)] = Identity.NONE
    addresses: tuple[_Address, ...] = ()
    reroute_source: tuple[_Address, ...] = ()
    reroute_port: int = Field(default=25, ge=1, le=65535, strict=True)  # for tests and demos
    outbound: tuple[_Address, ...] = ()
    contact: Annotated[str, PlainValidator(values.line)] | None = None

    def name(self) -> str:
        """The host name that mxward greets with; asks the system where none is configured."""
        return self.hostname or socket.getfqdn()

    @property
    def client_told(self) -> bool:
        """Whether the mail server learns who the client is."""
        return self.identity is not Identity.NONE


class InventorySettings(_Table):
    """[inventory]: where the operator's domains are listed."""

    files: tuple[_Path, ...] = ()
    command: tuple[Annotated[str, PlainValidator(values.word)], ...] = ()
    every: float = Field(default=300.0, ge=1, strict=True, allow_inf_nan=False)

    def __bool__(self) -> bool:
        """Whether there is an inventory at all."""
        return bool(self.files or self.command)


class PolicySettings(_Table):
    """[policy]: the stage of all domains that [stages] does not name."""

    stage: Annotated[Stage, PlainValidator(values.stage)] = Stage.OBSERVE
    rehearse: Annotated[Stage, PlainValidator(values.enforced_stage)] = Stage.REFUSE


class StageSettings(_Table):
    """[stages]: the domains of each stage."""

    observe: tuple[_Staged, ...] = ()
    defer: tuple[_Staged, ...] = ()
    refuse: tuple[_Staged, ...] = ()
    reroute: tuple[_Staged, ...] = ()

    def by_domain(self) -> dict[str, Stage]:
        """The stage of each domain or `*.domain`."""
        return {name: stage for stage in Stage for name in getattr(self, stage.value)}


class ScannerSettings(_Table):
    """[scanners.NAME]: a filtering service, declared once."""

    mx: tuple[Annotated[str, PlainValidator(values.mx_suffix)], ...] = ()
    addresses: tuple[_Network, ...] = ()
    egress: tuple[_Network, ...] = ()
    spf: tuple[_Domain, ...] = ()
    knows_us: bool = Field(default=False, strict=True)
    reroute_rate: int = Field(default=600, ge=1, strict=True)

    def scanner(self, name: str) -> Scanner:
        """The scanner, as decisions know it."""
        places, egress = Networks(self.addresses), Networks(self.egress)
        return Scanner(name, self.mx, places, egress, self.spf)


class TrustSettings(_Table):
    """[[trust]]: a client that may use the back door."""

    owner: _Note
    note: _Note
    network: Annotated[Network, PlainValidator(values.trusted_network)] | None = None
    name: Annotated[str, PlainValidator(values.client_name)] | None = None
    recipients: tuple[_Domains, ...] = ()
    senders: tuple[_Domains, ...] = ()
    expires: Annotated[float, PlainValidator(values.expiry)] | None = None

    def trust(self, place: str) -> Trust:
        """The entry, as decisions know it; `place` says where it stands."""
        return Trust(
            owner=self.owner,
            note=self.note,
            network=self.network,
            name=self.name,
            recipients=Domains(self.recipients),
            senders=Domains(self.senders),
            expires=self.expires,
            place=place,
        )


class DnsSettings(_Table):
    """[dns]: whom to ask; no servers mean those of /etc/resolv.conf."""

    servers: tuple[_NameServer, ...] = ()
    timeout: float = Field(default=5.0, ge=0.1, le=60, strict=True)


class StoreSettings(_Table):
    """[store]: what is remembered across restarts."""

    path: _Path = "/var/lib/mxward/store.db"


class LogSettings(_Table):
    """[log]: one line for each decision."""

    format: Annotated[LogFormat, PlainValidator(values.log_format)] = LogFormat.LOGFMT
