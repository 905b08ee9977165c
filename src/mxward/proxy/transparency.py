"""Sockets that may have addresses which are not this machine's (IP_TRANSPARENT, Linux).

Such a listening socket takes connections that the kernel diverts; such a connecting one comes from
a client's own address. Both need CAP_NET_RAW.
"""

from __future__ import annotations

import socket

__all__ = ["be_transparent", "is_transparent"]

_OPTION = {socket.AF_INET: (socket.SOL_IP, 19), socket.AF_INET6: (socket.IPPROTO_IPV6, 75)}
"""IP_TRANSPARENT and IPV6_TRANSPARENT (linux/in.h, linux/in6.h), which Python does not name."""


def be_transparent(given: socket.socket) -> None:
    """Let a socket have foreign addresses. Raises OSError."""
    given.setsockopt(*_OPTION[given.family], 1)


def is_transparent(given: socket.socket) -> bool:
    """Whether it may: of the listening sockets, it is the one for diverted connections."""
    return bool(given.getsockopt(*_OPTION[given.family]))
