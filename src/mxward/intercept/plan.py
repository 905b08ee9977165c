"""What is to be diverted: the configuration in the terms of the kernel."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, collapse_addresses

from mxward.config import Fail, InterceptSettings, Layout, Method
from mxward.networks import Network

__all__ = ["Plan", "plan"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Connections that come in by `interfaces` for `ports` of `servers`, and how they are diverted.

    `mark` is what packets bear that belong to mxward wherever they are addressed to, `own_mark`
    what mxward gives to its own connections to a mail server on this machine.
    """

    interfaces: tuple[str, ...]
    servers4: tuple[IPv4Network, ...]
    servers6: tuple[IPv6Network, ...]
    ports: tuple[int, ...]
    listen_port: int
    mark: int
    own_mark: int
    on_this_host: bool
    redirects: bool
    fast_path: bool
    fails_open: bool

    @property
    def families(self) -> tuple[int, ...]:
        """The versions of IP that are diverted."""
        return tuple(v for v, servers in ((4, self.servers4), (6, self.servers6)) if servers)


def plan(settings: InterceptSettings) -> Plan | None:
    """What a configuration wants to be diverted; None where nothing is."""
    if settings.layout is Layout.NONE:
        return None
    servers4, servers6 = _by_family(settings.servers)
    return Plan(
        interfaces=tuple(sorted(set(settings.interfaces))),
        servers4=servers4,
        servers6=servers6,
        ports=tuple(sorted(set(settings.ports))),
        listen_port=settings.listen_port,
        mark=settings.mark,
        own_mark=settings.own_mark,
        on_this_host=settings.layout is Layout.HOST,
        redirects=settings.method is Method.REDIRECT,
        fast_path=settings.fast_path,
        fails_open=settings.fail is Fail.OPEN,
    )


def _by_family(
    networks: Iterable[Network],
) -> tuple[tuple[IPv4Network, ...], tuple[IPv6Network, ...]]:
    """The fewest networks that are the same: sets of nftables bear none that overlap."""
    return (
        tuple(collapse_addresses(net for net in networks if isinstance(net, IPv4Network))),
        tuple(collapse_addresses(net for net in networks if isinstance(net, IPv6Network))),
    )
