"""One audit, from the first question to the last answer; broken off, it keeps what was found."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from mxward.audit.findings import Server
from mxward.audit.ledger import Ledger
from mxward.audit.premises import Premises
from mxward.cli.audit_asking import look_up
from mxward.cli.audit_networks import Expanded, expanded, published
from mxward.cli.progress import counting
from mxward.config import Config, ConfigError, Problem
from mxward.lookup.bulk import Bulk
from mxward.lookup.probing import Manners, Politeness, Prober, Target
from mxward.lookup.probing import Progress as Probing
from mxward.lookup.stub import Stub
from mxward.networks import Address, Networks

__all__ = ["Run"]


@dataclass(slots=True)
class Run:
    """What is being found. `ledger` holds it at every moment; `partial` where it was broken off."""

    config: Config
    premises: Premises
    domains: Collection[str]
    server: Server | None = None
    key: bytes = b""
    politeness: Politeness = field(default_factory=Politeness)
    partial: bool = False
    networks: Expanded = field(default_factory=Expanded)
    ledger: Ledger = field(init=False)
    sessions: int = 0
    commands: int = 0

    def __post_init__(self) -> None:
        self.ledger = Ledger(self.premises)

    def look_up(self) -> None:
        """Ask the DNS. Raises ConfigError where there is no server to ask."""
        self._until_interrupted(self._look_up())

    def probe(self) -> None:
        """Ask the servers that are one's own."""
        if not self.partial:
            self._until_interrupted(self._probe())

    @property
    def published(self) -> dict[str, Networks | None]:
        """By declared scanner, what its vendor publishes."""
        services = self.ledger.premises.services
        belongs = {
            name: self.premises.service_of(scanner)
            for name, scanner in self.premises.scanners.items()
        }
        return published(services, self.config, self.networks.failed, belongs)

    def _until_interrupted(self, work: object) -> None:
        assert asyncio.iscoroutine(work)  # noqa: S101
        try:
            asyncio.run(work)
        except KeyboardInterrupt:
            self.partial = True

    async def _look_up(self) -> None:
        stub = self._stub()
        try:
            bulk = Bulk(stub)
            self.networks = await expanded(bulk, self.premises.services, self.config)
            self.ledger = Ledger(
                replace(
                    self.premises,
                    services=self.premises.services.knowing(self.networks.services),
                    egress=self.networks.scanners,
                )
            )
            with counting("domains") as progress:
                await look_up(bulk, self.domains, self.ledger, progress)
        finally:
            stub.close()

    def _stub(self) -> Stub:
        servers = [(end.host, end.port) for end in self.config.dns.servers] or None
        try:
            return Stub(servers, self.config.dns.timeout)
        except ValueError as error:
            text = f'dns.servers: {error}; write servers = ["127.0.0.1:53"]'
            raise ConfigError([Problem(self.config.place("dns", "servers"), text)]) from None

    async def _probe(self) -> None:
        with counting("domains at servers") as progress:

            def tell(now: Probing) -> None:
                self.sessions, self.commands = now.sessions, now.commands
                progress(now.settled, now.pairs)

            prober = Prober(
                self._targets(),
                self.ledger.premises.networks,
                self._manners(),
                lambda: secrets.token_hex(16),
                tell,
            )
            try:
                await prober.run()
            finally:
                for probed in prober.results():
                    self.ledger.heard(probed)

    def _targets(self) -> list[Target]:
        return [
            Target(address, port, domains)
            for address, domains in self.ledger.targets().items()
            for port in self._ports(address)
        ]

    def _ports(self, address: Address) -> tuple[int, ...]:
        if self.server is None:
            return tuple(dict.fromkeys(self.config.audit.ports))
        return (self.server.port,) if address == self.server.address else ()

    def _manners(self) -> Manners:
        return Manners(
            self.config.server.name(),
            sender=self.config.audit.sender or "",
            key=self.key,
            sources=self.config.audit.sources,
            implicit=frozenset(self.config.audit.tls_ports),
            politeness=self.politeness,
        )
