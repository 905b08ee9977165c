"""The sockets that `serve` listens on: handed over, given by systemd, or bound here."""

from __future__ import annotations

import errno
import os
import socket
import time
from collections.abc import Callable, Sequence

from mxward.config import Config, ConfigError, Problem
from mxward.proxy.transparency import be_transparent, is_transparent
from mxward.supervisor.addresses import Address, change, mismatch, spelled
from mxward.supervisor.listening import BACKLOG, address_of, bind
from mxward.supervisor.supervisor import UNSUITED
from mxward.supervisor.systemd import given_sockets

__all__ = ["addresses", "binder", "begin", "listen_for_metrics", "suits", "take", "why_not"]

_PATIENCE = 3.0
"""Seconds to wait for an address that somebody has: workers of a killed supervisor let go soon."""
_PAUSE = 0.05
_WHY_NOT = {
    errno.EADDRINUSE: "somebody listens there already; stop that server, or write another port",
    errno.EADDRNOTAVAIL: "no address of this machine; write one that `ip address` lists",
    errno.EACCES: "ports below 1024 need root or CAP_NET_BIND_SERVICE; give it that",
    errno.EPERM: "taking diverted connections needs root or CAP_NET_RAW; give it that",
}


def addresses(config: Config) -> tuple[Address, ...]:
    """Where a configuration wants connections to arrive."""
    return tuple((end.host, end.port) for end in config.listeners)


def binder(config: Config) -> Callable[[str, int], socket.socket]:
    """How an address is listened on. What it gives raises OSError, with the mend."""
    diverted = {(end.host, end.port) for end in config.intercept.listeners}

    def opened(host: str, port: int) -> socket.socket:
        try:
            listener = bind(host, port)
            return _made_transparent(listener) if (host, port) in diverted else listener
        except OSError as error:
            raise OSError(error.errno, why_not(error)) from None

    return opened


def suits(config: Config) -> Callable[[Address, socket.socket], bool]:
    """Whether a listener that is there already is for the connections that shall arrive there."""
    diverted = {(end.host, end.port) for end in config.intercept.listeners}
    return lambda address, listener: is_transparent(listener) == (address in diverted)


def _made_transparent(listener: socket.socket) -> socket.socket:
    try:
        be_transparent(listener)
    except OSError:
        listener.close()
        raise
    return listener


def why_not(error: OSError) -> str:
    """Why an address cannot be bound, and the mend."""
    return _WHY_NOT.get(error.errno or 0, error.strerror or str(error))


def begin(config: Config, listeners: Sequence[socket.socket]) -> None:
    """Let clients connect from now on. Raises ConfigError."""
    try:
        for listener in listeners:
            listener.listen(BACKLOG)
    except OSError as error:  # somebody else has begun in this very moment
        raise _wrong(config, f"{spelled(address_of(listener))}: {why_not(error)}") from None


def take(config: Config, handed_over: Sequence[socket.socket]) -> list[socket.socket]:
    """Have everything open, or nothing and say why. Raises ConfigError."""
    wanted = addresses(config)
    held = {address_of(listener): listener for listener in handed_over}
    if not held:
        held = _given(config, wanted)
    difference = change(held, wanted)
    for address, listener in held.items():
        if address not in difference.go and not suits(config)(address, listener):
            raise _wrong(config, f"{spelled(address)}: {UNSUITED}")
    opened: dict[Address, socket.socket] = {}
    for address in difference.come:
        try:
            opened[address] = _bind(binder(config), address)
        except OSError as error:
            for listener in opened.values():
                listener.close()
            raise _wrong(config, f"{spelled(address)}: {why_not(error)}") from None
    return [x for at, x in held.items() if at not in difference.go] + list(opened.values())


def listen_for_metrics(config: Config) -> socket.socket | None:
    """Where somebody may ask for them, if anywhere. Raises ConfigError.

    Beside the one of a former program whose workers are about to leave (SO_REUSEPORT).
    """
    end = config.metrics.listen
    if end is None:
        return None
    family = socket.AF_INET6 if ":" in end.host else socket.AF_INET
    try:
        return socket.create_server((end.host, end.port), family=family, reuse_port=True)
    except OSError as error:
        text = f"metrics.listen: {end}: {why_not(error)}"
        raise ConfigError([Problem(config.place("metrics", "listen"), text)]) from None


def _given(config: Config, wanted: Sequence[Address]) -> dict[Address, socket.socket]:
    """systemd's, which must be those that are configured."""
    try:
        given = given_sockets(os.environ, os.getpid())
    except ValueError as error:
        raise _wrong(config, f"{error}; give listening TCP sockets only (ListenStream=)") from None
    held = {address_of(listener): listener for listener in given}
    for end in config.intercept.listeners:
        if (end.host, end.port) in held:
            _need_transparent(config, held[end.host, end.port])
    wrong = mismatch(held, wanted) if held else ""
    if wrong:
        raise _wrong(config, f"{wrong}; write the same in the socket unit (ListenStream=)")
    return held


def _bind(opened: Callable[[str, int], socket.socket], address: Address) -> socket.socket:
    deadline = time.monotonic() + _PATIENCE
    while True:
        try:
            return opened(*address)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def _need_transparent(config: Config, listener: socket.socket) -> None:
    try:
        if not is_transparent(listener):
            be_transparent(listener)
    except OSError as error:
        raise _wrong(
            config, f"{why_not(error)}; write Transparent=yes in the socket unit"
        ) from None


def _wrong(config: Config, text: str) -> ConfigError:
    key = ("server", "listen") if config.listen else ("intercept", "listen_port")
    return ConfigError([Problem(config.place(*key), f"{'.'.join(key)}: {text}")])
