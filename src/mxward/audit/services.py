"""The catalogue of scanning services: which service a host belongs to.

A service is known by the end of its MX names, on label boundaries; else by an address within its
networks (a customer's own MX name hides a service); else, where a server was probed, by the names
in the certificate that it shows and in its greeting. The data are in `services.toml`, with their
sources; an operator adds to them in [services.NAME].
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TypeVar

from mxward import domains
from mxward.networks import Address, Network, Networks, network

__all__ = ["Nature", "Service", "Services", "read", "within"]

_NO_NETWORKS = Networks()
_HOST = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)+")
_T = TypeVar("_T")
_LISTS = ("mx", "spf", "hosts", "egress", "certificates")


class Nature(StrEnum):
    """What a service does with mail. Only a scanner in front of a mail server can be passed by."""

    SCANNER = "scanner"
    MAILBOXES = "mailboxes"
    ROUTING = "routing"


@dataclass(frozen=True, slots=True)
class Service:
    """What is publicly known of one service."""

    name: str
    title: str
    nature: Nature
    mx: tuple[str, ...] = ()  # ends of MX names
    spf: tuple[str, ...] = ()  # names whose SPF networks are its own
    hosts: tuple[str, ...] = ()  # names whose addresses it delivers from
    egress: tuple[Network, ...] = ()
    certificates: tuple[str, ...] = ()  # names, or `*.names`
    unlisted: str = ""  # why where it delivers from cannot be listed
    sources: Mapping[str, str] = field(default_factory=dict, hash=False)


def read(name: str, table: Mapping[str, object]) -> Service:
    """One table of the catalogue. Raises ValueError, which names the key, where it is wrong."""
    known = {"title", "kind", "unlisted", "sources", *_LISTS}
    if unknown := sorted(set(table) - known):
        raise ValueError(f"{name}.{unknown[0]}: unknown key")
    lists = {key: tuple(_texts(name, key, table.get(key, []))) for key in _LISTS}
    sources = table.get("sources", {})
    if not isinstance(sources, Mapping):
        raise ValueError(f"{name}.sources: no table")
    try:
        return Service(
            name=name,
            title=str(table.get("title", name)),
            nature=Nature(str(table.get("kind", Nature.SCANNER))),
            mx=tuple(map(domains.normal, lists["mx"])),
            spf=tuple(map(domains.normal, lists["spf"])),
            hosts=tuple(map(domains.normal, lists["hosts"])),
            egress=tuple(map(network, lists["egress"])),
            certificates=tuple(map(_certificate, lists["certificates"])),
            unlisted=str(table.get("unlisted", "")),
            sources={str(key): str(source) for key, source in sources.items()},
        )
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _texts(name: str, key: str, value: object) -> Iterator[str]:
    if not isinstance(value, list):
        raise ValueError(f"{name}.{key}: no list")
    for each in value:
        if not isinstance(each, str):
            raise ValueError(f"{name}.{key}: {each!r} is no text")
        yield each


def _certificate(name: str) -> str:
    wide = name.startswith("*.")
    return f"*.{domains.normal(name[2:])}" if wide else domains.normal(name)


def within(host: str, suffix: str) -> bool:
    """Whether a host is `suffix` or below it: evilmimecast.com is not below mimecast.com."""
    return host == suffix or host.endswith(f".{suffix}")


class Services:
    """All services that are known. Immutable; `knowing` gives one that knows more networks."""

    def __init__(
        self, services: Iterable[Service], networks: Mapping[str, Networks] | None = None
    ) -> None:
        """`networks`: by service, what its SPF names and hosts have come to."""
        self._services = {service.name: service for service in services}
        self._expanded = dict(networks or {})
        self._by_suffix = {
            suffix: service.name for service in self._services.values() for suffix in service.mx
        }
        self._networks = {
            name: Networks(service.egress) | self._expanded.get(name, _NO_NETWORKS)
            for name, service in self._services.items()
        }

    def __iter__(self) -> Iterator[Service]:
        return iter(self._services.values())

    def __len__(self) -> int:
        return len(self._services)

    def get(self, name: str) -> Service | None:
        """A service by its name."""
        return self._services.get(name)

    def adding(self, services: Iterable[Service]) -> Services:
        """With more; to one that is known already, what is new of it is added."""
        merged = dict(self._services)
        for service in services:
            before = merged.get(service.name)
            merged[service.name] = _joined(before, service) if before else service
        return Services(merged.values(), self._expanded)

    def knowing(self, networks: Mapping[str, Networks]) -> Services:
        """With what SPF names and hosts have come to."""
        return Services(self._services.values(), networks)

    def networks(self, name: str) -> Networks:
        """Where a service delivers from, as far as that is published."""
        return self._networks.get(name, _NO_NETWORKS)

    def by_host(self, host: str) -> Service | None:
        """By the end of a host's name, the longest that fits."""
        for name in (host, *domains.parents(host)):
            if name in self._by_suffix:
                return self._services[self._by_suffix[name]]
        return None

    def by_address(self, address: Address) -> Service | None:
        """By a network that the service publishes; of several, the first in the catalogue."""
        for name, networks in self._networks.items():
            if address in networks:
                return self._services[name]
        return None

    def by_shown(self, names: Iterable[str], banner: str = "") -> Service | None:
        """By the names in a certificate, then by those in a greeting."""
        for name in names:
            found = self._by_certificate(name.lower().rstrip("."))
            if found is not None:
                return found
        for host in _HOST.findall(banner.lower()):
            found = self.by_host(host)
            if found is not None:
                return found
        return None

    def _by_certificate(self, name: str) -> Service | None:
        bare = name.removeprefix("*.")
        for service in self._services.values():
            for pattern in service.certificates:
                if pattern == name or within(bare, pattern.removeprefix("*.")):
                    return service
        return self.by_host(bare)


def _joined(before: Service, more: Service) -> Service:
    """Both; title and nature are those of the one that was added last."""
    return replace(
        more,
        mx=_both(before.mx, more.mx),
        spf=_both(before.spf, more.spf),
        hosts=_both(before.hosts, more.hosts),
        egress=_both(before.egress, more.egress),
        certificates=_both(before.certificates, more.certificates),
        unlisted=more.unlisted or before.unlisted,
        sources={**before.sources, **more.sources},
    )


def _both(one: tuple[_T, ...], other: tuple[_T, ...]) -> tuple[_T, ...]:
    return tuple(dict.fromkeys((*one, *other)))
