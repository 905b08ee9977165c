"""A whole configuration: what `load` returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr

from mxward.config.circles import meets
from mxward.config.endpoints import Endpoint
from mxward.config.places import Places
from mxward.config.problems import ConfigError, Finding, Problem, warning
from mxward.config.sections import (
    DnsSettings,
    InventorySettings,
    LogSettings,
    MetricsSettings,
    PolicydSettings,
    PolicySettings,
    StageSettings,
    StoreSettings,
)
from mxward.config.sections_audit import AuditSettings, ServiceSettings, WaiverSettings
from mxward.config.sections_entries import ScannerSettings, TrustSettings
from mxward.config.sections_intercept import InterceptSettings
from mxward.config.sections_limits import (
    ClientSettings,
    ContentSettings,
    LimitSettings,
    TimeoutSettings,
)
from mxward.config.sections_server import ServerSettings, TlsSettings
from mxward.domains import Domains
from mxward.model import Rules, Stage
from mxward.networks import Address, Network, Networks
from mxward.smtp.content import Content
from mxward.smtp.secrecy import Tls

__all__ = ["Config"]


class Config(BaseModel):
    """The operator's word, as mxward.toml has it. Each field is a table of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    server: ServerSettings = ServerSettings()
    tls: TlsSettings = TlsSettings()
    inventory: InventorySettings = InventorySettings()
    policy: PolicySettings = PolicySettings()
    policyd: PolicydSettings = PolicydSettings()
    stages: StageSettings = StageSettings()
    scanners: Mapping[str, ScannerSettings] = {}
    trust: tuple[TrustSettings, ...] = ()
    limits: LimitSettings = LimitSettings()
    timeouts: TimeoutSettings = TimeoutSettings()
    content: ContentSettings = ContentSettings()
    clients: tuple[ClientSettings, ...] = ()
    intercept: InterceptSettings = InterceptSettings()
    dns: DnsSettings = DnsSettings()
    store: StoreSettings = StoreSettings()
    log: LogSettings = LogSettings()
    metrics: MetricsSettings = MetricsSettings()
    audit: AuditSettings = AuditSettings()
    waivers: tuple[WaiverSettings, ...] = ()
    services: Mapping[str, ServiceSettings] = {}

    _file: str = PrivateAttr("mxward.toml")
    _places: Places = PrivateAttr(default_factory=Places)
    _warnings: tuple[Problem, ...] = PrivateAttr(())
    _content: Content = PrivateAttr()
    _contents: tuple[tuple[Network, Content], ...] = PrivateAttr()
    _with_content: Networks = PrivateAttr()

    def model_post_init(self, context: Any) -> None:
        """Work out what is asked for with every client."""
        self._content = self.content.content()
        self._contents = tuple((c.network, c.content(self.content)) for c in self.clients)
        self._with_content = Networks(network for network, _ in self._contents)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What `load` found that may stay, but should be known."""
        return self._warnings

    @property
    def stages_in_force(self) -> frozenset[Stage]:
        """The stages that any domain has, the default stage among them."""
        return frozenset((self.policy.stage, *self.stages.by_domain().values()))

    @property
    def enforces(self) -> bool:
        """Whether any stage here changes what a client sees."""
        return self.stages_in_force != {Stage.OBSERVE}

    def key_of(self, stage: Stage) -> tuple[str, str]:
        """The key that sets a stage which is in force."""
        if self.policy.stage is stage:
            return ("policy", "stage")
        return ("stages", stage.value)

    def upstream(self) -> Endpoint:
        """The mail server's end, for those who must have it. Raises ConfigError."""
        if self.server.upstream is None:
            raise ConfigError([Problem(self.place("server"), self.no_upstream().text)])
        return self.server.upstream

    def upstream_tls(self) -> Tls:
        """What is asked of TLS towards the mail server."""
        if self.server.upstream_tls is not None:
            return self.server.upstream_tls
        upstream = self.server.upstream
        return Tls.NONE if upstream and upstream.is_loopback else Tls.OPPORTUNISTIC

    def upstream_name(self) -> str:
        """The name that the mail server's certificate must have. Raises ConfigError."""
        return self.server.upstream_name or self.upstream().host

    @property
    def asks_for_certificates(self) -> bool:
        """Whether a client's certificate could make any difference."""
        return any(entry.certificate for entry in self.trust) or any(
            scanner.certificates for scanner in self.scanners.values()
        )

    def content_for(self, client: Address) -> Content:
        """What the messages of a client may be made of: the first entry that fits counts."""
        if client not in self._with_content:
            return self._content
        return next(content for network, content in self._contents if client in network)

    def no_upstream(self) -> Finding:
        """What to say where the mail server's end is missing."""
        return warning(
            ("server",),
            "server.upstream: missing, so mxward cannot serve; "
            'write where the mail server listens: upstream = "127.0.0.1:10025"',
        )

    @property
    def listen(self) -> tuple[Endpoint, ...]:
        """Where clients connect to mxward by themselves: nowhere, where connections are intercepted
        and nothing else is said.
        """
        if self.intercept and "listen" not in self.server.model_fields_set:
            return ()
        return self.server.listen

    @property
    def status(self) -> str:
        """Where a running proxy tells how it stands; beside the store, where nothing is said."""
        return self.server.status or str(Path(self.store.path).with_name("status.sock"))

    @property
    def stands_before(self) -> bool:
        """Whether mxward is to stand before a mail server: else that is asked by its clients."""
        return self.server.upstream is not None or bool(self.intercept)

    @property
    def only_answers(self) -> bool:
        """Whether it is for `mxward policyd` alone: the mail server itself stands in front."""
        return "policyd" in self.model_fields_set and not self.stands_before

    @property
    def own(self) -> frozenset[Address]:
        """The mail servers' addresses, as far as they are named."""
        return frozenset((*self.server.addresses, *self.intercept.addresses))

    @property
    def listeners(self) -> tuple[Endpoint, ...]:
        """Where mxward listens, for intercepted connections too."""
        return self.listen + self.intercept.listeners

    def meets_listener(self, address: Address, port: int) -> bool:
        """Whether a connection to this end would come back to mxward."""
        return any(meets(listener, address, port) for listener in self.listeners)

    def circle(self) -> Finding:
        """What to say where the mail server's end is one of mxward's own."""
        return Finding(
            ("server", "upstream"),
            f'server.upstream: "{self.server.upstream}" is mxward itself: mail would go round in '
            'circles; write where the mail server listens, as in "127.0.0.1:10025"',
        )

    def read_from(self, file: Path, places: Places, warnings: Sequence[Problem]) -> Config:
        """The same, knowing where it was read from."""
        config = self.model_copy()
        config._file, config._places, config._warnings = str(file), places, tuple(warnings)
        return config

    def place(self, *path: str | int) -> str:
        """Where a key stands: `place("trust", 0)` is `mxward.toml:12`."""
        return f"{self._file}:{self._places.line(path)}"

    def place_of_stage(self, entry: str) -> str | None:
        """Where the stage of `*.domain`, a domain or `default` is set; None where it is not."""
        if entry == "default":
            configured = "stage" in self.policy.model_fields_set
            return self.place("policy", "stage") if configured else None
        stage = self.stages.by_domain().get(entry)
        if stage is None:
            return None
        return self.place("stages", stage.value, getattr(self.stages, stage.value).index(entry))

    def rules(self, inventory: Domains) -> Rules:
        """The snapshot that decisions are made by."""
        return Rules(
            inventory=inventory,
            stage=self.policy.stage,
            stages=self.stages.by_domain(),
            trust=tuple(t.trust(self.place("trust", i)) for i, t in enumerate(self.trust)),
            scanners={name: table.scanner(name) for name, table in self.scanners.items()},
            own=self.own,
            client_told=self.server.client_told,
            rehearsed=self.policy.rehearse,
        )
