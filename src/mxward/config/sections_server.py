"""[server] and [tls]: where mxward listens, the mail server behind it, and what they show."""

from __future__ import annotations

import socket
from typing import Annotated

from pydantic import Field, PlainValidator

from mxward import networks
from mxward.config import endpoints, values, words
from mxward.config.endpoints import Endpoint
from mxward.config.tables import Address, Domain, Path, Table
from mxward.config.words import TlsVersion
from mxward.smtp.identity import Identity
from mxward.smtp.secrecy import Auth, Tls

__all__ = ["CertificateSettings", "ServerSettings", "TlsSettings"]

_Network = Annotated[networks.Network, PlainValidator(values.network)]
_Listener = Annotated[Endpoint, PlainValidator(endpoints.listener)]


class ServerSettings(Table):
    """[server]: where mxward listens, and the mail server behind it."""

    hostname: Domain | None = None
    listen: tuple[_Listener, ...] = (Endpoint("127.0.0.1", 2525),)
    proxy_from: tuple[_Network, ...] = ()
    upstream: Annotated[Endpoint, PlainValidator(endpoints.server)] | None = None
    upstream_tls: Annotated[Tls, PlainValidator(words.tls)] | None = None
    upstream_name: Domain | None = None
    identity: Annotated[Identity, PlainValidator(words.identity)] = Identity.NONE
    pool: int = Field(default=20, ge=0, le=1000, strict=True)
    auth: Annotated[Auth, PlainValidator(words.auth)] = Auth.TLS
    addresses: tuple[Address, ...] = ()
    reroute_source: tuple[Address, ...] = ()
    reroute_port: int = Field(default=25, ge=1, le=65535, strict=True)  # for tests and demos
    outbound: tuple[Address, ...] = ()
    contact: Annotated[str, PlainValidator(values.line)] | None = None
    workers: int | None = Field(default=None, ge=1, le=256, strict=True)
    user: Annotated[str, PlainValidator(values.line)] | None = None
    status: Path | None = None
    drain: float = Field(default=30.0, ge=0, le=3600, strict=True, allow_inf_nan=False)

    def name(self) -> str:
        """The host name that mxward greets with; asks the system where none is configured."""
        return self.hostname or socket.getfqdn()

    @property
    def client_told(self) -> bool:
        """Whether the mail server learns who the client is."""
        return self.identity is not Identity.NONE


class CertificateSettings(Table):
    """One of tls.certificates: PEM files with a certificate, what leads to its CA, and its key."""

    chain: Path
    key: Path


class TlsSettings(Table):
    """[tls]: what mxward shows to its clients, and whom it believes."""

    certificates: tuple[CertificateSettings, ...] = ()
    minimum: Annotated[TlsVersion, PlainValidator(words.tls_version)] = TlsVersion.V1_2
    client_ca: Path | None = None
    upstream_ca: Path | None = None
    hide_starttls: bool = Field(default=False, strict=True)
