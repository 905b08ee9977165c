"""Whether a connection would end where mxward itself listens: mail would go round in circles."""

from __future__ import annotations

import socket

from mxward.config.endpoints import Endpoint
from mxward.networks import Address

__all__ = ["meets"]


def meets(listener: Endpoint, address: Address, port: int) -> bool:
    """Whether a connection to an address and a port would end at this listener."""
    here = listener.address
    if listener.port != port or here is None:
        return False
    if here == address:
        return True
    # "::" is IPv6 only, as mxward binds it
    return here.is_unspecified and here.version == address.version and _is_ours(address)


def _is_ours(address: Address) -> bool:
    """Whether this machine has an address: then it is also the source towards itself.

    Connecting a datagram socket sends nothing.
    """
    if address.is_loopback or address.is_unspecified:
        return True
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(address), 9))
            return str(probe.getsockname()[0]) == str(address)
    except OSError:
        return False
