"""[audit], [[waivers]] and [services.NAME]: what `mxward audit` may probe, and what it knows."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator

from mxward import networks
from mxward.audit.services import Nature, Service
from mxward.audit.waivers import Waiver
from mxward.config import names, values, words
from mxward.config.tables import Address, Domain, Table
from mxward.domains import Domains

__all__ = ["AuditSettings", "ServiceSettings", "WaiverSettings"]

_Network = Annotated[networks.Network, PlainValidator(values.network)]
_ScannerNetwork = Annotated[networks.Network, PlainValidator(values.scanner_network)]
_Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
_Note = Annotated[str, PlainValidator(values.note)]
_Suffix = Annotated[str, PlainValidator(names.mx_suffix)]
_Certificate = Annotated[str, PlainValidator(names.certificate_name)]


class AuditSettings(Table):
    """[audit]: what is the operator's own, where mail may be taken, and how it is asked."""

    networks: tuple[_Network, ...] = ()
    ports: tuple[_Port, ...] = (25, 26, 465, 587, 2525)
    tls_ports: tuple[_Port, ...] = (465,)
    guesses: tuple[Annotated[str, PlainValidator(names.label)], ...] = ()
    sources: tuple[Address, ...] = ()
    sender: Annotated[str, PlainValidator(names.mailbox)] | None = None


class WaiverSettings(Table):
    """[[waivers]]: a door that may stay as it is."""

    owner: _Note
    note: _Note
    server: _Network | None = None
    port: _Port | None = None
    domains: tuple[Annotated[str, PlainValidator(names.domains)], ...] = ()
    expires: Annotated[float, PlainValidator(values.expiry)] | None = None

    def waiver(self, place: str) -> Waiver:
        """The entry, as findings know it; `place` says where it stands."""
        domains = Domains(self.domains)
        return Waiver(self.owner, self.note, self.expires, self.server, self.port, domains, place)


class ServiceSettings(Table):
    """[services.NAME]: a service that the catalogue lacks, or what it lacks of one."""

    title: _Note | None = None
    kind: Annotated[Nature, PlainValidator(words.nature)] = Nature.SCANNER
    mx: tuple[_Suffix, ...] = ()
    spf: tuple[Domain, ...] = ()
    hosts: tuple[Domain, ...] = ()
    egress: tuple[_ScannerNetwork, ...] = ()
    certificates: tuple[_Certificate, ...] = ()

    def service(self, name: str, place: str) -> Service:
        """The service; all of it is known from `place`."""
        known = dict.fromkeys(self.model_fields_set - {"title", "kind"}, place)
        return Service(
            name,
            self.title or name,
            self.kind,
            self.mx,
            self.spf,
            self.hosts,
            self.egress,
            self.certificates,
            sources=known,
        )
