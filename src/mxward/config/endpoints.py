"""Ends of connections: a host and a port, as `127.0.0.1:25`, `[2001:db8::25]:25`, `localhost:25`.

Every reader raises ValueError with one line that says what is wrong and what to write instead.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address

from mxward import networks
from mxward.config.names import domain
from mxward.config.problems import quoted
from mxward.config.values import is_address, text_of
from mxward.networks import Address

__all__ = ["Endpoint", "listener", "name_server", "server"]

_LOCALHOST = {"localhost", "localhost.localdomain", "ip6-localhost"}
_LOOPBACK = (ip_address("127.0.0.1"), ip_address("::1"))
_FORM = re.compile(r"(?:\[(?P<literal>[^]]+)]|(?P<host>[^]:[]+)):(?P<port>[0-9]{1,9})")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One end of a connection: a host, by address or name, and a port."""

    host: str
    port: int

    @property
    def address(self) -> Address | None:
        """The host's address, or None where it is a name."""
        try:
            return networks.address(self.host)
        except ValueError:
            return None

    @property
    def known_addresses(self) -> tuple[Address, ...]:
        """What is known without a look-up, which is for those who connect."""
        if self.address:
            return (self.address,)
        return _LOOPBACK if self.host in _LOCALHOST else ()

    @property
    def is_loopback(self) -> bool:
        """Whether this is on the same host and nowhere else, as far as is known."""
        known = self.known_addresses
        return bool(known) and all(address.is_loopback for address in known)

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def listener(value: object) -> Endpoint:
    """Where to listen: an address and a port; port 0 lets the system choose."""
    return _by_address(_endpoint(value, "127.0.0.1:25", lowest_port=0))


def server(value: object) -> Endpoint:
    """A mail server's end: an address or a name, and a port."""
    end = _endpoint(value, "127.0.0.1:10025")
    if end.address and end.address.is_unspecified:
        raise ValueError(f'"{end}" stands for any address; write "127.0.0.1:{end.port}"')
    return end


def name_server(value: object) -> Endpoint:
    """A DNS resolver's end: an address and a port."""
    return _by_address(_endpoint(value, "127.0.0.1:53"))


def _by_address(end: Endpoint) -> Endpoint:
    if not end.address:
        raise ValueError(f'"{end}" is a name; write its address, as in "127.0.0.1:{end.port}"')
    return end


def _endpoint(value: object, example: str, lowest_port: int = 1) -> Endpoint:
    text = text_of(value, example)
    match = _FORM.fullmatch(text)
    if not match:
        raise ValueError(f"{quoted(text)} {_mend(text, example)}")
    host, port = match["literal"] or match["host"], int(match["port"])
    if not lowest_port <= port <= 65535:
        raise ValueError(f"{quoted(text)}: port {port} is none; write one from 1 to 65535")
    if is_address(host):
        return Endpoint(host, port)
    if match["literal"] or not _is_name(host):
        raise ValueError(f'{quoted(text)}: {quoted(host)} is no address; write "{example}"')
    return Endpoint(domain(host), port)


def _mend(text: str, example: str) -> str:
    """What is wrong with text that has not the form of an end, and what to write."""
    bare = text.strip("[]")
    port = example.rpartition(":")[2]
    if is_address(bare):
        host = f"[{bare}]" if ":" in bare else bare
        return f'has no port; write "{host}:{port}"'
    if _is_name(bare):
        return f'has no port; write "{bare}:{port}"'
    host, _, port = text.rpartition(":")
    if ":" in host and is_address(host):
        return f'has no brackets; write "[{host}]:{port}"'
    what = "address" if text.strip(":.").isdigit() else "host and port"
    return f'is no {what}; write "{example}"'


def _is_name(text: str) -> bool:
    try:
        domain(text)
    except ValueError:
        return False
    return True
