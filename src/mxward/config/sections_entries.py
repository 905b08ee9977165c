"""[scanners.NAME] and [[trust]]: who may come by which door, one table each."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, PlainValidator

from mxward import networks
from mxward.config import names, values, words
from mxward.config.tables import Domain, Table
from mxward.domains import Domains
from mxward.model import Scanner, Trust
from mxward.networks import Networks
from mxward.smtp.secrecy import Tls

__all__ = ["ScannerSettings", "TrustSettings"]

_Certificate = Annotated[str, PlainValidator(names.certificate_name)]
_Domains = Annotated[str, PlainValidator(names.domains)]
_Network = Annotated[networks.Network, PlainValidator(values.scanner_network)]
_Note = Annotated[str, PlainValidator(values.note)]


class ScannerSettings(Table):
    """[scanners.NAME]: a filtering service, declared once."""

    mx: tuple[Annotated[str, PlainValidator(names.mx_suffix)], ...] = ()
    addresses: tuple[_Network, ...] = ()
    egress: tuple[_Network, ...] = ()
    spf: tuple[Domain, ...] = ()
    certificates: tuple[_Certificate, ...] = ()
    tls: Annotated[Tls, PlainValidator(words.tls)] = Tls.OPPORTUNISTIC
    knows_us: bool = Field(default=False, strict=True)
    reroute_rate: int = Field(default=600, ge=1, strict=True)

    def scanner(self, name: str) -> Scanner:
        """The scanner, as decisions know it."""
        places, egress = Networks(self.addresses), Networks(self.egress)
        return Scanner(name, self.mx, places, egress, self.spf, self.certificates)


class TrustSettings(Table):
    """[[trust]]: a client that may use the back door."""

    owner: _Note
    note: _Note
    network: Annotated[networks.Network, PlainValidator(values.trusted_network)] | None = None
    name: Annotated[str, PlainValidator(names.client_name)] | None = None
    certificate: _Certificate | None = None
    recipients: tuple[_Domains, ...] = ()
    senders: tuple[_Domains, ...] = ()
    expires: Annotated[float, PlainValidator(values.expiry)] | None = None

    def trust(self, place: str) -> Trust:
        """The entry, as decisions know it; `place` says where it stands."""
        return Trust(
            owner=self.owner,
            note=self.note,
            network=self.network,
            name=self.name,
            certificate=self.certificate,
            recipients=Domains(self.recipients),
            senders=Domains(self.senders),
            expires=self.expires,
            place=place,
        )
