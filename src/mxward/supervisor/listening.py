"""Listening sockets: made here, or taken over from who has made them."""

from __future__ import annotations

import socket

from mxward.supervisor.addresses import Address

__all__ = ["BACKLOG", "address_of", "adopt", "bind"]

BACKLOG = 1024
"""Clients that may wait to be taken in, as far as the kernel lets (net.core.somaxconn)."""


def bind(address: str, port: int) -> socket.socket:
    """A socket that can listen. Raises OSError: the port is in use, the address is not here, ..."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((address, port))
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # another worker may have been faster
    return listener


def adopt(descriptor: int) -> socket.socket:
    """A listening TCP socket that is open already. Raises OSError, ValueError: it is none."""
    listener = socket.socket(fileno=descriptor)
    if listener.type != socket.SOCK_STREAM or listener.family not in (
        socket.AF_INET,
        socket.AF_INET6,
    ):
        raise ValueError("no TCP socket")
    if not listener.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
        raise ValueError("a socket that does not listen")
    listener.setblocking(False)
    listener.set_inheritable(False)
    return listener


def address_of(listener: socket.socket) -> Address:
    """Where it listens."""
    host, port = listener.getsockname()[:2]
    return str(host), int(port)
