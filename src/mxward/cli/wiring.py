"""A configuration -> the parts that serve by it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from mxward.config import Config, ConfigError, Layout, Method, Problem
from mxward.lookup.doors import Doors
from mxward.lookup.names import ClientNames
from mxward.lookup.resolver import Resolver
from mxward.metrics.onward import Onward
from mxward.model import Rules, Stage
from mxward.networks import Address, Networks
from mxward.proxy.admission import Room
from mxward.proxy.census import Seat
from mxward.proxy.certificates import CertificateFiles, Certificates
from mxward.proxy.decider import Decider
from mxward.proxy.diversion import Diversion
from mxward.proxy.eventlog import EventLog
from mxward.proxy.pool import Pool
from mxward.proxy.recent import Recent
from mxward.proxy.server import room_for_sessions
from mxward.proxy.shared import Shared
from mxward.smtp.content import Content
from mxward.smtp.identity import Identity
from mxward.smtp.rerouting import LoopMemory, Mark, RateCap
from mxward.smtp.settings import NOWHERE, Settings
from mxward.smtp.vocabulary import Endpoint
from mxward.store.recollection import Recollection

__all__ = ["certificates", "decider", "look_ups", "settings", "shared"]


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


def look_ups(
    config: Config,
    dns: Resolver,
    memory: Recollection,
    memory_lost: bool,
    former: tuple[Config, Doors, ClientNames] | None,
) -> tuple[Doors, ClientNames]:
    """Who finds front doors and names; what a `former` one has learned stays, as far as the same is
    asked for.
    """
    doors = names = None
    if former is not None:
        before, known_doors, known_names = former
        if before.dns == config.dns:
            names = known_names
            doors = known_doors if before.scanners == config.scanners else None
    if doors is None:
        scanners = {name: table.scanner(name) for name, table in config.scanners.items()}
        doors = Doors(dns, scanners, memory, time.time, memory_lost=memory_lost)
    return doors, names or ClientNames(dns, time.time)


def decider(config: Config, rules: Rules, doors: Doors, names: ClientNames) -> Decider:
    """Who decides."""
    return Decider(
        rules,
        doors,
        names,
        config.server.reroute_port,
        {name: table.tls for name, table in config.scanners.items()},
        tells_names=config.server.identity is Identity.XCLIENT,
    )


def settings(
    config: Config,
    rules: Rules,
    mark: Mark,
    upstream: Endpoint | None,
    workers: int,
    former: Settings | None = None,
) -> Settings:
    """What holds for every session. Of a `former` one stays what it knows of loops and rates."""
    return Settings(
        hostname=config.server.name(),
        mark=mark,
        mail_server=upstream or NOWHERE,
        contact=config.server.contact or "",
        identity=config.server.identity,
        starttls=bool(config.tls.certificates),
        auth=config.server.auth,
        apart=Stage.REROUTE in rules.in_force,
        limits=config.limits.limits(),
        timeouts=config.timeouts.timeouts(),
        loops=former.loops if former else LoopMemory(),
        caps=_caps(config, workers, former),
    )


def _caps(config: Config, workers: int, former: Settings | None) -> Mapping[str, RateCap]:
    """Each worker's share of what a scanner is sent in a minute."""
    caps = {}
    for name, table in config.scanners.items():
        share = max(1.0, table.reroute_rate / workers)
        known = former.caps.get(name) if former else None
        caps[name] = known if known and known.per_minute == share else RateCap(share)
    return caps


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
    census: Seat,
    onward: Onward,
    recent: Recent,
    workers: int,
    former: Shared | None = None,
) -> Shared:
    """What all sessions of a worker share. To be made on their event loop."""
    sources: Mapping[int, Address] = {s.version: s for s in config.server.reroute_source}
    room = _room(config)
    return Shared(
        settings,
        decider,
        eventlog,
        reroute_sources=sources,
        balancers=Networks(config.server.proxy_from),
        content_for=_content_for(config),
        certificates=certificates,
        diversion=_diversion(config),
        upstream_ca=config.tls.upstream_ca,
        room=room,
        pool=_pool(config, workers, former),
        census=census,
        onward=onward,
        recent=recent,
        most_sessions=room_for_sessions(room.connections),
        former=former,
    )


def _diversion(config: Config) -> Diversion | None:
    intercept = config.intercept
    if not intercept:
        return None
    return Diversion(
        Networks(intercept.servers),
        frozenset(intercept.ports),
        frozenset(intercept.tls_ports),
        redirects=intercept.method is Method.REDIRECT,
        tls=config.upstream_tls(),
        name=config.server.upstream_name or "",
        mark=intercept.own_mark if intercept.layout is Layout.HOST else None,
    )


def _room(config: Config) -> Room:
    limits = config.limits
    return Room(
        limits.connections,
        limits.reserved,
        limits.per_network,
        limits.ipv4_prefix,
        limits.ipv6_prefix,
    )


def _pool(config: Config, workers: int, former: Shared | None) -> Pool:
    """Each worker's share of the connections that are kept."""
    kept = config.server.pool if config.server.identity is Identity.XCLIENT else 0
    share = -(-kept // workers)
    if former is not None and former.pool.most == share:
        return former.pool
    return Pool(share)
