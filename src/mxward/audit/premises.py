"""What the operator has told, and what everybody knows: what all domains are looked at with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from mxward.audit.guesses import GUESSES
from mxward.audit.services import Services, within
from mxward.frontdoor.hosts import scanners_of
from mxward.model import Scanner
from mxward.networks import Address, Networks

__all__ = ["Premises"]

_NONE = Networks()


@dataclass(frozen=True, slots=True)
class Premises:
    """Immutable; `label` is one that nobody has in their zone: it shows wildcards."""

    scanners: Mapping[str, Scanner] = field(default_factory=dict)  # those that are declared
    services: Services = field(default_factory=lambda: Services(()))
    named: tuple[Address, ...] = ()  # the operator's mail servers, as far as named one by one
    servers: Networks = _NONE  # where the operator's mail servers are
    networks: Networks = _NONE  # the operator's own, those included: these may be probed
    guesses: tuple[str, ...] = GUESSES
    label: str = "mxward-audit"
    egress: Mapping[str, Networks] = field(default_factory=dict)  # of declared scanners, expanded
    _places: dict[str, Networks] = field(default_factory=dict, init=False, compare=False)

    def is_mine(self, address: Address) -> bool:
        """Whether an address is the operator's own."""
        return address in self.networks

    def declared(self, names: Iterable[str], addresses: Iterable[Address]) -> Scanner | None:
        """The declared scanner that a host belongs to, by its names, else by its addresses."""
        found = scanners_of(names, addresses, self.scanners)
        return self.scanners[found[0]] if found else None

    def place_of(self, scanner: str) -> Networks:
        """Where a scanner, declared or not, is and delivers from, as far as it is known."""
        known = self._places.get(scanner)
        if known is None:
            declared = self.scanners.get(scanner)
            known = self.delivers_from(scanner)
            known = declared.addresses | known if declared else known
            self._places[scanner] = known
        return known

    def delivers_from(self, scanner: str) -> Networks:
        """Where it delivers from: what is declared, else what its vendor publishes."""
        declared = self.scanners.get(scanner)
        if declared is None:
            return self.services.networks(scanner)
        found = self.egress.get(scanner, declared.egress)
        if found:
            return found
        service = self.service_of(declared)
        return self.services.networks(service) if service else declared.addresses

    def service_of(self, scanner: Scanner) -> str:
        """The service of the catalogue that a declared scanner is; "" where it is none."""
        for service in self.services:
            if any(_same(one, other) for one in scanner.mx for other in service.mx):
                return service.name
        return ""


def _same(one: str, other: str) -> bool:
    return within(one, other) or within(other, one)
