"""The DNS of the miniature internet, as text: one record a line, written as a zone file writes it.

`{name}` stands for an address of `block.HOSTS`. A line with `!` makes look-ups below that name
fail: SERVFAIL answers so, SILENCE never answers. Every address gets a PTR to the first name that
has it. What stands in DOMAINS is mxward's inventory: the mail server's domains.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

import dns.name
import dns.rdata
import dns.rdataclass
import dns.rdatatype
import dns.reversename

__all__ = ["DOMAINS", "ELSEWHERE", "RECORDS", "Failure", "Zone", "parse"]

RECORDS = """
; the hosting provider, whose mail server holds the mailboxes
mail.hosting.example     A      {mail}

; two scanners. cleanmail's hosts are declared; puremail publishes where it delivers from
mx1.cleanmail.example    A      {clean1}
mx2.cleanmail.example    A      {clean2}
mx3.cleanmail.example    A      {clean_down}
out.cleanmail.example    A      {cleanmail}
mx.puremail.example      A      {pure1}
_spf.puremail.example    TXT    "v=spf1 ip4:{puremail} -all"

; behind a scanner; and the names by which anyone can guess the back door
it.co.za                 MX     10 mx1.cleanmail.example.
it.co.za                 MX     20 mx2.cleanmail.example.
it.co.za                 A      {mail}
mail.it.co.za            A      {mail}
www.it.co.za             A      {mail}
printer.it.co.za         A      {printer}
twice.example            MX     10 mx3.cleanmail.example.
twice.example            MX     20 mx.puremail.example.
alias.example            MX     10 mx.alias.example.
mx.alias.example         CNAME  mx2.cleanmail.example.
vanity.example           MX     10 mx.vanity.example.
mx.vanity.example        A      {clean1}
crm.vanity.example       A      {crm}
xn--bcher-kva.example    MX     10 mx1.cleanmail.example.
late.example             MX     10 mx1.cleanmail.example.
watched.example          MX     10 mx1.cleanmail.example.

; nothing stands in front
own.example              MX     10 mail.hosting.example.
half.example             MX     10 mx1.cleanmail.example.
half.example             MX     20 mail.hosting.example.
implicit.example         A      {mail}
moved.example            MX     10 mx.bigmail.example.
mx.bigmail.example       A      {bigmail}
null.example             MX     0 .

; look-ups that fail
broken.example           !      SERVFAIL
silent.example           !      SILENCE

; somebody else's
elsewhere.example        MX     10 mx.elsewhere.example.
mx.elsewhere.example     A      {bigmail}
anna.example             A      {anna}
"""

DOMAINS = {
    "it.co.za": "behind the scanner cleanmail",
    "twice.example": "behind two scanners, the first one down",
    "alias.example": "behind cleanmail; its MX is a CNAME",
    "vanity.example": "behind cleanmail; its MX has a name of its own",
    "bücher.example": "behind cleanmail; not an ASCII name",
    "late.example": "behind cleanmail; no mail has come for it yet",
    "watched.example": "behind cleanmail; only observed, and no mail has come for it yet",
    "own.example": "its MX is the mail server itself",
    "half.example": "its MX is cleanmail, and the mail server too",
    "implicit.example": "has no MX; its address is the mail server's",
    "moved.example": "has moved to a mailbox host that is no scanner",
    "null.example": "takes no mail, says its null MX",
    "gone.example": "does not exist any more",
    "broken.example": "its name servers say SERVFAIL",
    "silent.example": "its name servers do not answer",
}
"""The inventory, and what there is to say about each domain."""

ELSEWHERE = "elsewhere.example"
"""Somebody else's domain, which a stranger would like to write to."""


class Failure(Enum):
    """How a look-up fails."""

    SERVFAIL = "SERVFAIL"
    SILENCE = "SILENCE"


@dataclass(frozen=True, slots=True)
class Zone:
    """What the name server knows."""

    records: Mapping[tuple[dns.name.Name, dns.rdatatype.RdataType], list[dns.rdata.Rdata]]
    failing: Mapping[dns.name.Name, Failure]
    names: frozenset[dns.name.Name] = field(init=False)

    def __post_init__(self) -> None:
        owners = {owner for owner, _ in self.records}
        above = {owner.split(n)[1] for owner in owners for n in range(1, len(owner.labels))}
        object.__setattr__(self, "names", frozenset(owners | above))  # with empty non-terminals

    def failure(self, name: dns.name.Name) -> Failure | None:
        """How look-ups of a name fail; None where they do not."""
        return next((how for top, how in self.failing.items() if name.is_subdomain(top)), None)


def parse(text: str, addresses: Mapping[str, str]) -> Zone:
    """Read records. Raises ValueError, KeyError or DNSException where one is wrong."""
    records: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], list[dns.rdata.Rdata]] = {}
    failing: dict[dns.name.Name, Failure] = {}
    for line in text.format_map(addresses).splitlines():
        if not line.strip() or line.startswith(";"):
            continue
        owner, kind, value = line.split(None, 2)
        name = dns.name.from_text(owner)
        if kind == "!":
            failing[name] = Failure(value.strip())
            continue
        rdtype = dns.rdatatype.from_text(kind)
        rdata = dns.rdata.from_text(dns.rdataclass.IN, rdtype, value)
        records.setdefault((name, rdtype), []).append(rdata)
        if rdtype is dns.rdatatype.A:
            pointer = dns.rdata.from_text(dns.rdataclass.IN, dns.rdatatype.PTR, name.to_text())
            back = dns.reversename.from_address(rdata.to_text())
            records.setdefault((back, dns.rdatatype.PTR), [pointer])
    return Zone(records, failing)
