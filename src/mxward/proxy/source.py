"""Where a connection onward comes from: an address of ours, or the client's own.

The client's own address is not one of this machine: Linux lets a socket have it by IP_TRANSPARENT
(CAP_NET_RAW), and what is sent back there must be routed to this machine (`mxward intercept`). Two
connections of one client have ports of their own, which the kernel chooses; it does not know which
ports the client itself uses at that moment.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass

from mxward.networks import Address
from mxward.proxy.transparency import be_transparent

__all__ = ["Source"]

_CHOOSE_PORT_LATE = (socket.SOL_IP, 24)
"""IP_BIND_ADDRESS_NO_PORT: the port is chosen when it is known whither, so that each may serve for
many destinations at once."""


@dataclass(frozen=True, slots=True)
class Source:
    """An address to connect from. `foreign` is the client's own; `mark` its packets' (SO_MARK)."""

    address: Address
    foreign: bool = False
    mark: int | None = None

    def socket(self) -> socket.socket:
        """A socket that will connect from there. Raises OSError: no such address, or not allowed.

        SO_MARK needs CAP_NET_RAW on Linux 5.17 and later, CAP_NET_ADMIN before.
        """
        family = socket.AF_INET if self.address.version == 4 else socket.AF_INET6
        made = socket.socket(family, socket.SOCK_STREAM)
        try:
            made.setblocking(False)
            if self.foreign:
                be_transparent(made)
            if self.mark is not None:
                made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, self.mark)
            made.setsockopt(*_CHOOSE_PORT_LATE, 1)
            made.bind((str(self.address), 0))
        except OSError:
            made.close()
            raise
        return made
