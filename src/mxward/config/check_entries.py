"""Checks of [scanners.NAME] and [[trust]]."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from mxward.config.document import Config
from mxward.config.problems import Finding, Sound, quoted, warning
from mxward.config.sections_entries import ScannerSettings
from mxward.model import Stage

__all__ = ["CHECKS", "expired"]

_IDENTITIES = ("network", "name", "certificate")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def _scanner_names(config: Config, sound: Sound) -> Iterator[Finding]:
    seen: dict[str, str] = {}
    for name in config.scanners:
        where = ("scanners", name)
        if not _NAME.fullmatch(name):
            yield Finding(
                where, f"scanners: {quoted(name)} is no name; write letters, digits, -, _"
            )
        twin = seen.setdefault(name.lower(), name)
        if twin != name:
            yield Finding(where, f"scanners.{name}: there is a scanners.{twin}; join the two")


def _scanner_mx(config: Config, sound: Sound) -> Iterator[Finding]:
    owners: dict[str, str] = {}
    for name, scanner in config.scanners.items():
        for index, suffix in enumerate(scanner.mx):
            owner = owners.setdefault(suffix, name)
            if (owner, suffix) != (name, suffix) or suffix in scanner.mx[:index]:
                yield Finding(
                    ("scanners", name, "mx", index),
                    f"scanners.{name}.mx: {quoted(suffix)} is in scanners.{owner}.mx already; "
                    "leave one out",
                )


def _scanner_tables(config: Config, sound: Sound) -> Iterator[Finding]:
    for name, scanner in config.scanners.items():
        if sound("scanners", name):
            yield from _scanner(config, name, scanner)


def _scanner(config: Config, name: str, scanner: ScannerSettings) -> Iterator[Finding]:
    where = ("scanners", name)
    if not scanner.mx and not scanner.addresses:
        yield Finding(
            where,
            f"scanners.{name}: neither mx nor addresses, so no MX can lead to it; "
            'write mx = ["mx.example.net"]',
        )
    if not (scanner.egress or scanner.spf or scanner.certificates):
        yield warning(
            where,
            f"scanners.{name}.egress: missing: only deliveries from the MX hosts' own addresses "
            'pass as the scanner; write egress = ["192.0.2.0/24"] or spf = ["spf.example.net"]',
        )
    if not scanner.knows_us and Stage.REROUTE in config.stages_in_force:
        yield warning(
            where,
            f"scanners.{name}.knows_us: not set while domains are rerouted: the scanner sees "
            "mxward's address for SPF and blocklists; make mxward a trusted relay there, "
            "then write knows_us = true",
        )


def _trust(config: Config, sound: Sound) -> Iterator[Finding]:
    for index, entry in enumerate(config.trust):
        where = ("trust", index)
        if not all(sound(*where, key) for key in _IDENTITIES):
            continue
        given = [key for key in _IDENTITIES if getattr(entry, key)]
        if not given:
            yield Finding(
                where,
                'trust: neither network, name nor certificate; write network = "192.0.2.7", '
                'name = "printer.example.com" or certificate = "relay.example.com"',
            )
        for key in given[1:]:
            yield Finding(
                (*where, key),
                f"trust.{key}: {quoted(getattr(entry, key))}, but a {given[0]} too; "
                "write an entry for each",
            )


def expired(config: Config, now: float) -> Iterator[Finding]:
    """The trusted clients that are trusted no longer. `now`: seconds since the epoch."""
    for index, entry in enumerate(config.trust):
        if entry.expires is not None and entry.expires <= now:
            when = datetime.fromtimestamp(entry.expires, UTC)
            yield warning(
                ("trust", index, "expires"),
                f"trust.expires: over since {when:%Y-%m-%d %H:%M} UTC: no longer trusted "
                f"({entry.note}); ask {entry.owner}, then renew the entry or leave it out",
            )


CHECKS = (_scanner_names, _scanner_mx, _scanner_tables, _trust)
