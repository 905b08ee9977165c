"""[intercept]: which connections to other mail servers the kernel hands to mxward."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator

from mxward import networks
from mxward.config import names, values, words
from mxward.config.endpoints import Endpoint
from mxward.config.tables import Path, Table
from mxward.config.words import Fail, Layout, Method
from mxward.networks import Address

__all__ = ["InterceptSettings"]

_Interface = Annotated[str, PlainValidator(names.interface)]
_Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
_Server = Annotated[networks.Network, PlainValidator(values.network)]


class InterceptSettings(Table):
    """[intercept]: where mail servers stand that know nothing of mxward."""

    layout: Annotated[Layout, PlainValidator(words.layout)] = Layout.NONE
    method: Annotated[Method, PlainValidator(words.method)] = Method.TPROXY
    interfaces: tuple[_Interface, ...] = ()
    servers: tuple[_Server, ...] = ()
    ports: tuple[_Port, ...] = (25,)
    tls_ports: tuple[_Port, ...] = ()
    listen_port: _Port = 2525
    # Below 256 are routing tables that the kernel gives other meanings.
    mark: int = Field(default=28024, ge=256, le=2**31 - 2, strict=True)
    fast_path: bool = Field(default=False, strict=True)
    fail: Annotated[Fail, PlainValidator(words.fail)] = Fail.CLOSED
    state: Path = "/run/mxward/intercept.json"

    def __bool__(self) -> bool:
        """Whether anything is intercepted at all."""
        return self.layout is not Layout.NONE

    @property
    def listeners(self) -> tuple[Endpoint, ...]:
        """Where the kernel hands connections over; the watchdog asks by IPv4."""
        if not self:
            return ()
        hosts = ["0.0.0.0", *(["::"] if any(net.version == 6 for net in self.servers) else [])]
        return tuple(Endpoint(host, self.listen_port) for host in hosts)

    @property
    def addresses(self) -> tuple[Address, ...]:
        """The mail servers that are named one by one."""
        single = (net for net in self.servers if net.prefixlen == net.max_prefixlen)
        return tuple(net.network_address for net in single) if self else ()

    @property
    def own_mark(self) -> int:
        """The packet mark of what mxward itself sends to mail servers on this machine."""
        return self.mark + 1
