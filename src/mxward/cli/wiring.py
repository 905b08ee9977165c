"""A configuration -> the parts that serve by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mxward.config import Config, ConfigError, Problem
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.model import Rules, Stage
from mxward.networks import Address, Networks
from mxward.proxy.admission import Room
from mxward.proxy.certificates import CertificateFiles, Certificates
from mxward.proxy.decider import Decider
from mxward.proxy.eventlog import EventLog
from mxward.proxy.pool import Pool
from mxward.proxy.shared import Shared
from mxward.smtp.content import Content
from mxward.smtp.identity import Identity
from mxward.smtp.rerouting import Mark, RateCap
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import Endpoint

__all__ = ["certificates", "decider", "settings", "shared"]


def certificates(config: Config) -> Certificates | None:
    """What clients are shown in TLS. Raises ConfigError."""
    if not config.tls.certificates:
        return None
    files = [CertificateFiles(entry.chain, entry.key) for entry in config.tls.certificates]
    try:
        return Certificates(
            files, config.tls.minimum, config.tls.client_ca, config.asks_for_certificates
        )
    except ValueError as error:
        place = config.place("tls", "certificates")
        raise ConfigError([Problem(place, f"tls.certificates: {error}")]) from None


def decider(
    config: Config, rules: Rules, doors: Doors, names: ClientNames, upstream: Endpoint
) -> Decider:
    """Who decides."""
    return Decider(
        rules,
        doors,
        names,
        upstream,
        config.server.reroute_port,
        {name: table.tls for name, table in config.scanners.items()},
        tells_names=config.server.identity is Identity.XCLIENT,
    )


def settings(config: Config, mark: Mark, upstream: Endpoint) -> Settings:
    """What holds for every session."""
    rates = {name: RateCap(table.reroute_rate) for name, table in config.scanners.items()}
    return Settings(
        hostname=config.server.name(),
        mark=mark,
        mail_server=upstream,
        contact=config.server.contact or "",
        identity=config.server.identity,
        starttls=bool(config.tls.certificates),
        auth=config.server.auth,
        apart=Stage.REROUTE in config.stages_in_force,
        limits=config.limits.limits(),
        timeouts=config.timeouts.timeouts(),
        caps=rates,
    )


def _content_for(config: Config) -> Callable[[Address], Content]:
    """Asked with every client: the usual case takes no look at any network."""
    if config.clients:
        return config.content_for
    everybodys = config.content.content()
    return lambda client: everybodys


def shared(
    config: Config,
    settings: Settings,
    decider: Decider,
    eventlog: EventLog,
    certificates: Certificates | None,
) -> Shared:
    """What all sessions share. To be made on their event loop."""
    limits = config.limits
    sources: Mapping[int, Address] = {s.version: s for s in config.server.reroute_source}
    return Shared(
        settings,
        decider,
        eventlog,
        reroute_sources=sources,
        balancers=Networks(config.server.proxy_from),
        content_for=_content_for(config),
        certificates=certificates,
        upstream_ca=config.tls.upstream_ca,
        room=Room(
            limits.connections,
            limits.reserved,
            limits.per_network,
            limits.ipv4_prefix,
            limits.ipv6_prefix,
        ),
        pool=Pool(config.server.pool if settings.identity is Identity.XCLIENT else 0),
    )
