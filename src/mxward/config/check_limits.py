"""Checks of [limits] and [[clients]]."""

from __future__ import annotations

from collections.abc import Iterator

from mxward.config.document import Config
from mxward.config.problems import Finding, Sound, warning
from mxward.networks import Network

__all__ = ["CHECKS"]


def _reserved(config: Config, sound: Sound) -> Iterator[Finding]:
    limits = config.limits
    if limits.reserved is not None and limits.reserved >= limits.connections and sound("limits"):
        yield Finding(
            ("limits", "reserved"),
            f"limits.reserved: {limits.reserved} of {limits.connections} connections leave none "
            f"for anybody else; write less, as in {limits.connections // 4}",
        )


def _clients(config: Config, sound: Sound) -> Iterator[Finding]:
    for index, entry in enumerate(config.clients):
        where = ("clients", index)
        if entry.newlines is None and entry.nul is None:
            yield Finding(
                where, 'clients: neither newlines nor nul; write newlines = "reject", or leave it'
            )
        for other in config.clients[:index]:
            if _covers(other.network, entry.network):
                yield warning(
                    (*where, "network"),
                    f'clients.network: "{entry.network}" is in "{other.network}", which stands '
                    "before it and counts; write the narrower one first",
                )
                break


def _covers(one: Network, other: Network) -> bool:
    return other.network_address in one and one.prefixlen <= other.prefixlen


CHECKS = (_reserved, _clients)
