"""What is known of one domain: the names that lead to the mail server, and what else uses them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from mxward.audit.front import Standing
from mxward.lockdown.dns.records import Records
from mxward.model import Question
from mxward.networks import Address

__all__ = ["NO_FILES", "Filed", "Looked", "Named", "Pointing", "Use", "What"]

Filed = Callable[[str, str, str], Records | None]
"""The records of a zone, a name and a type, where there is a file of the zone. No values: the file
has none. None: there is no file."""


class What(StrEnum):
    """What else uses a name or a record."""

    MX = "mx"
    NS = "ns"
    SRV = "srv"
    TLSA = "tlsa"
    MTA_STS = "mta-sts"
    CAA = "caa"
    CERTIFICATE = "certificate"
    WEB = "web"
    CLIENTS = "clients"  # mail programs, by what such a name is there for
    OTHER = "other"


class Use(NamedTuple):
    """One use of a name; `by` is the record or the domain that uses it."""

    what: What
    name: str
    by: str = ""

    @property
    def text(self) -> str:
        """For people, in a few words."""
        return _TOLD[self.what].format(name=self.name, by=self.by)


_TOLD = {
    What.MX: "the MX of {by} names {name}",
    What.NS: "{name} is a name server of {by}",
    What.SRV: "{by} (SRV) names {name}",
    What.TLSA: "{by} has TLSA records, which stay and mean nothing",
    What.MTA_STS: "{name} has an MTA-STS policy: see that it names none of these",
    What.CAA: "{name} has CAA records: for a name that is gone no certificate is had by HTTP",
    What.CERTIFICATE: "the configured certificate names {name}: by HTTP it is renewed no more",
    What.WEB: "a web site at {name}, if there is one, is gone",
    What.CLIENTS: "mail programs may have {name} in their settings",
    What.OTHER: "{name}: {by}",
}


class Pointing(NamedTuple):
    """A name that leads to the mail server. `label` is "" for the domain itself, `*` for any."""

    label: str
    name: str
    records: tuple[Records, ...]  # what stands at the name itself: A and AAAA, or CNAME
    addresses: tuple[Address, ...]  # of the mail server
    target: str = ""  # where its CNAMEs lead


class Named(NamedTuple):
    """A name that a record names, and where its CNAMEs lead: to itself where there is none."""

    name: str
    leads: str


@dataclass(frozen=True, slots=True)
class Looked:
    """What is known of a domain. `why` says why nothing is planned for it; `asks` what to ask."""

    domain: str
    standing: Standing = Standing.UNKNOWN
    zone: str = ""
    servers: tuple[str, ...] = ()  # the zone's name servers
    scanners: tuple[str, ...] = ()
    pointing: tuple[Pointing, ...] = ()
    exchanges: tuple[Named, ...] = ()  # hosts of its MX that are the operator's own
    txt: Records | None = None  # of the domain itself, all that can be written exactly
    spf: tuple[Named, ...] = ()  # names in its SPF record that lead, or may, to the mail server
    uses: tuple[Use, ...] = ()
    pins: tuple[str, ...] = ()  # TLSA values of port 25 at names that lead to the mail server
    why: str = ""
    unsure: bool = False  # it may be otherwise the next time
    asks: tuple[Question, ...] = ()


def NO_FILES(zone: str, name: str, kind: str) -> Records | None:  # noqa: N802 - a constant of sorts
    """There are no zone files."""
    return None
