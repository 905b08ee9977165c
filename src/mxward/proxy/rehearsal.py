"""A handshake with both sides our own, without a network: would a client take what is shown?"""

from __future__ import annotations

import ssl

__all__ = ["rehearse"]

_MOST_FLIGHTS = 8


def rehearse(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> str:
    """Why a client that wants this name would not go on; "" where it would."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    right = client.wrap_bio(to_client, to_server, server_hostname=name)
    left = server.wrap_bio(to_server, to_client, server_side=True)
    try:
        for _ in range(_MOST_FLIGHTS):
            if _goes_on(right):
                return ""
            _goes_on(left)
    except ssl.SSLCertVerificationError as why:
        return why.verify_message.rstrip(".")
    except ssl.SSLError as why:
        return why.reason or "the handshake fails"
    return "the handshake comes to no end"


def _goes_on(side: ssl.SSLObject) -> bool:
    """Whether a side is done with the handshake."""
    try:
        side.do_handshake()
    except ssl.SSLWantReadError:
        return False
    return True
