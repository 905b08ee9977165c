"""The tables of mxward.toml and what may stand in them: the inventory, stages, and the small ones.

[server] and [tls] are in `sections_server`, limits in `sections_limits`, scanners and trusted
clients in `sections_entries`. A single value that is wrong is refused there; what only several
values together can show is in `checks`.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator

from mxward.config import endpoints, names, values, words
from mxward.config.endpoints import Endpoint
from mxward.config.tables import Path, Table
from mxward.config.words import Answered, LogFormat
from mxward.model import Stage

__all__ = [
    "DnsSettings",
    "InventorySettings",
    "LogSettings",
    "MetricsSettings",
    "PolicySettings",
    "PolicydSettings",
    "StageSettings",
    "StoreSettings",
]

_Listener = Annotated[Endpoint, PlainValidator(endpoints.listener)]
_NameServer = Annotated[Endpoint, PlainValidator(endpoints.name_server)]
_Staged = Annotated[str, PlainValidator(names.staged_domains)]


class InventorySettings(Table):
    """[inventory]: where the operator's domains are listed."""

    files: tuple[Path, ...] = ()
    command: tuple[Annotated[str, PlainValidator(values.word)], ...] = ()
    every: float = Field(default=300.0, ge=1, strict=True, allow_inf_nan=False)

    def __bool__(self) -> bool:
        """Whether there is an inventory at all."""
        return bool(self.files or self.command)


class PolicySettings(Table):
    """[policy]: the stage of all domains that [stages] does not name."""

    stage: Annotated[Stage, PlainValidator(words.stage)] = Stage.OBSERVE
    rehearse: Annotated[Stage, PlainValidator(words.enforced_stage)] = Stage.REFUSE


class StageSettings(Table):
    """[stages]: the domains of each stage."""

    observe: tuple[_Staged, ...] = ()
    defer: tuple[_Staged, ...] = ()
    refuse: tuple[_Staged, ...] = ()
    reroute: tuple[_Staged, ...] = ()

    def by_domain(self) -> dict[str, Stage]:
        """The stage of each domain or `*.domain`."""
        return {name: stage for stage in Stage for name in getattr(self, stage.value)}


class PolicydSettings(Table):
    """[policyd]: where `mxward policyd` answers mail servers, and what when it fails itself."""

    listen: tuple[_Listener, ...] = (Endpoint("127.0.0.1", 10040),)
    socket: Path | None = None
    fail: Annotated[Answered, PlainValidator(words.answered)] = Answered.DUNNO


class DnsSettings(Table):
    """[dns]: whom to ask; no servers mean those of /etc/resolv.conf."""

    servers: tuple[_NameServer, ...] = ()
    timeout: float = Field(default=5.0, ge=0.1, le=60, strict=True)


class StoreSettings(Table):
    """[store]: what is remembered across restarts."""

    path: Path = "/var/lib/mxward/store.db"


class LogSettings(Table):
    """[log]: one line for each decision."""

    format: Annotated[LogFormat, PlainValidator(words.log_format)] = LogFormat.LOGFMT


class MetricsSettings(Table):
    """[metrics]: where /metrics and /health are; None is nowhere."""

    listen: _Listener | None = None
