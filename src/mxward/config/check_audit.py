"""Checks of [audit], [[waivers]] and [services.NAME]."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from mxward.config.document import Config
from mxward.config.problems import Finding, Sound, quoted, warning

__all__ = ["CHECKS", "waived_no_more"]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_KNOWN_BY = ("mx", "spf", "hosts", "egress", "certificates")


def _networks(config: Config, sound: Sound) -> Iterator[Finding]:
    for index, network in enumerate(config.audit.networks):
        if network.prefixlen == 0:
            yield Finding(
                ("audit", "networks", index),
                f'audit.networks: "{network}" is everybody\'s; write the networks that are yours',
            )


def _ports(config: Config, sound: Sound) -> Iterator[Finding]:
    ports = config.audit.ports
    if not sound("audit", "ports"):
        return
    if not ports:
        yield Finding(("audit", "ports"), "audit.ports: an empty list; write ports = [25]")
    if "tls_ports" not in config.audit.model_fields_set:
        return
    for index, port in enumerate(config.audit.tls_ports):
        if port not in ports:
            yield Finding(
                ("audit", "tls_ports", index),
                f"audit.tls_ports: {port} is not among ports; "
                f"write ports = {sorted({*ports, port})}",
            )


def _waivers(config: Config, sound: Sound) -> Iterator[Finding]:
    for index, entry in enumerate(config.waivers):
        if entry.server is None and not entry.domains:
            yield Finding(
                ("waivers", index),
                "waivers: neither server nor domains, so it would accept every door; write server "
                '= "192.0.2.25" or domains = ["example.com"]',
            )


def _services(config: Config, sound: Sound) -> Iterator[Finding]:
    for name, service in config.services.items():
        where = ("services", name)
        if not _NAME.fullmatch(name):
            yield Finding(
                where, f"services: {quoted(name)} is no name; write letters, digits, -, _"
            )
        if not any(getattr(service, key) for key in _KNOWN_BY) and sound(*where):
            yield Finding(
                where,
                f"services.{name}: nothing that it could be known by; "
                'write mx = ["mx.example.net"]',
            )


def waived_no_more(config: Config, now: float) -> Iterator[Finding]:
    """The waivers that are over. `now`: seconds since the epoch."""
    for index, entry in enumerate(config.waivers):
        if entry.expires is not None and entry.expires <= now:
            when = datetime.fromtimestamp(entry.expires, UTC)
            yield warning(
                ("waivers", index, "expires"),
                f"waivers.expires: over since {when:%Y-%m-%d %H:%M} UTC ({entry.note}); "
                f"ask {entry.owner}, then renew the entry or leave it out",
            )


CHECKS = (_networks, _ports, _waivers, _services)
