"""The operator's zone files, read: each record with the lines that it takes.

A file names its zone in its first $ORIGIN, or has the zone's name (`it.co.za.zone`, `it.co.za.db`,
`db.it.co.za`, `it.co.za`). Not supported: $INCLUDE and $GENERATE, for their records stand in no
line of the file that could be changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import dns.exception
import dns.name
import dns.node
import dns.rdata
import dns.rdataclass
import dns.rdataset
import dns.rdatatype
import dns.rdtypes.ANY.CNAME
import dns.rdtypes.ANY.TLSA
import dns.tokenizer
import dns.transaction
import dns.zonefile

from mxward import domains
from mxward.lockdown.dns.zone_diff import FiledZone, Placed, lines_of

__all__ = ["NotRead", "files_in", "read", "read_file"]

_DIRECTIVES = ("$ORIGIN", "$TTL")
_ORIGIN = re.compile(r"^\$ORIGIN[ \t]+(\S+)", re.IGNORECASE | re.MULTILINE)
_ENDS = (".zone", ".db", ".hosts", ".txt")


class NotRead(ValueError):
    """A file that is no zone, or one that cannot be changed by lines; says why in one line."""


def files_in(paths: Iterable[Path]) -> Iterator[Path]:
    """The files themselves, and of a folder those that may be zones. Raises OSError."""
    for path in paths:
        if path.is_dir():
            yield from sorted(each for each in path.iterdir() if _may_be_zone(each))
        else:
            yield path


def _may_be_zone(path: Path) -> bool:
    return path.is_file() and (path.suffix in _ENDS or path.name.startswith("db."))


def read_file(path: Path) -> FiledZone:
    """A zone's file. Raises NotRead, and OSError."""
    try:
        text = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError:
        raise NotRead(f"{path}: it is not UTF-8") from None
    zone = _zone_of(path, text)
    if not zone:
        raise NotRead(f"{path}: it has no $ORIGIN, and is not named after its zone")
    return read(zone, str(path), text)


def _zone_of(path: Path, text: str) -> str:
    found = _ORIGIN.search(text)
    name = found[1] if found else path.name.removeprefix("db.")
    for end in _ENDS:
        name = name if found else name.removesuffix(end)
    try:
        return domains.normal(name)
    except ValueError:
        return ""


def read(zone: str, path: str, text: str) -> FiledZone:
    """A zone out of its text. Raises NotRead."""
    if "\r" in text.replace("\r\n", "\n"):
        raise NotRead(f"{path}: it has a carriage return inside a line")
    manager = _Zone(dns.name.from_text(zone))
    txn = _Records(manager)
    try:
        reader = _Reader(
            dns.tokenizer.Tokenizer(text, path),
            dns.rdataclass.IN,
            txn,
            allow_directives=_DIRECTIVES,
        )
        txn.reader = reader
        reader.read()
    except (dns.exception.DNSException, ValueError, KeyError, AssertionError) as error:
        raise NotRead(_told(error, path)) from None
    if not any(placed.kind == "SOA" and placed.name == zone for placed in txn.placed):
        raise NotRead(f"{path}: it has no SOA record of {zone}")
    return FiledZone(zone, path, tuple(lines_of(text)), tuple(txn.placed))


def _told(error: Exception, path: str) -> str:
    """dnspython names the line where it can."""
    text = str(error)[:200]
    return text if text.startswith(f"{path}:") else f"{path}: {text}"


class _Reader(dns.zonefile.Reader):
    """Knows where the record that is read began."""

    began = 0

    def _rr_line(self) -> None:
        self.began = self.tok.line_number - 1
        super()._rr_line()


class _Zone(dns.transaction.TransactionManager):
    """What a transaction asks of a zone."""

    def __init__(self, origin: dns.name.Name) -> None:
        self.origin = origin

    def origin_information(self) -> tuple[dns.name.Name | None, bool, dns.name.Name | None]:
        return self.origin, False, self.origin

    def get_class(self) -> dns.rdataclass.RdataClass:
        return dns.rdataclass.IN


class _Records(dns.transaction.Transaction):
    """Takes the records as they are read; none is merged with another."""

    reader: _Reader

    def __init__(self, manager: dns.transaction.TransactionManager) -> None:
        super().__init__(manager)
        self.placed: list[Placed] = []

    def add(self, *args: Any) -> None:
        name, ttl, rdata = args
        end = self.reader.tok.line_number - 1
        self.placed.append(
            Placed(
                name.to_text(omit_final_dot=True).lower(),
                dns.rdatatype.to_text(rdata.rdtype),
                ttl,
                _value(rdata),
                self.reader.began,
                max(end, self.reader.began + 1),
            )
        )

    def _get_node(self, name: dns.name.Name) -> dns.node.Node | None:
        return None

    def _set_origin(self, origin: dns.name.Name | None) -> None:
        pass

    def get_node(self, name: dns.name.Name) -> dns.node.Node | None:
        return None


def _value(rdata: dns.rdata.Rdata) -> str:
    """As a change spells it."""
    match rdata:
        case dns.rdtypes.ANY.CNAME.CNAME():
            return rdata.target.to_text(omit_final_dot=True).lower()
        case dns.rdtypes.ANY.TLSA.TLSA():
            return f"{rdata.usage} {rdata.selector} {rdata.mtype} {rdata.cert.hex()}"
    return rdata.to_text()
