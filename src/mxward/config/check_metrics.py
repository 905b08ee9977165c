"""Checks of [metrics] and [policyd]: who can reach their listeners, and who listens there too."""

from __future__ import annotations

from collections.abc import Iterator

from mxward.config.document import Config
from mxward.config.problems import Finding, Sound, warning

__all__ = ["CHECKS"]

_WHERE = ("metrics", "listen")


def _public(config: Config, sound: Sound) -> Iterator[Finding]:
    listen = config.metrics.listen
    if listen is not None and not listen.is_loopback:
        yield warning(
            _WHERE,
            f'metrics.listen: "{listen}" is not on loopback, and nobody is asked for a password '
            f'there; write "127.0.0.1:{listen.port}", or let a firewall keep strangers away',
        )


def _taken(config: Config, sound: Sound) -> Iterator[Finding]:
    listen = config.metrics.listen
    if listen is None or listen.address is None or not listen.port:
        return
    if config.meets_listener(listen.address, listen.port):
        yield Finding(
            _WHERE,
            f'metrics.listen: "{listen}" is where clients connect (server.listen); '
            'write another port, as in "127.0.0.1:9625"',
        )


def _asked_by_strangers(config: Config, sound: Sound) -> Iterator[Finding]:
    for index, end in enumerate(config.policyd.listen):
        if not end.is_loopback:
            yield warning(
                ("policyd", "listen", index),
                f'policyd.listen: "{end}" is not on loopback: whoever can connect there learns '
                "what would be done with mail, fills the log and takes the connections; write "
                f'"127.0.0.1:{end.port}", or let a firewall keep strangers away',
            )


CHECKS = (_public, _taken, _asked_by_strangers)
