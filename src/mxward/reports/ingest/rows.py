"""What logs tell -> rows of the table of arrivals: one for each recipient, a batch at a time.

Made a hundred thousand times a second: whole columns at once, and what repeats is worked out once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from ipaddress import ip_address
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from mxward import domains
from mxward.maillog.logged import Logged
from mxward.reports.schema import SCHEMA

__all__ = ["address_key", "recipient_key", "rows", "sender_domain"]

_CACHED = 1 << 16
_DAY = 86_400  # seconds
_MAPPED = 0xFFFF << 32  # ::ffff:0:0/96 (RFC 4291 2.5.5.2)
_SHORT_ID = re.compile("[0-9A-F]{5,}")
_PLAIN = re.compile(r"[0-9A-Za-z.+_=/-]+@([^@]+)\Z")
"""A mailbox whose local part is nothing but that: most are, and then its domain tells all."""
_OF_LOGGED = {name: number for number, name in enumerate(Logged._fields)}
_AS_LOGGED = (
    *("outcome", "program", "host", "client", "client_port", "interface", "interface_port"),
    *("name", "helo", "protocol", "tls", "certificate", "certified", "authenticated", "sender"),
    *("size", "why", "mx_failed", "line"),
)
"""Columns that are what is logged."""


def rows(logged: Iterable[Logged], log: str, copy: bool) -> pa.RecordBatch:
    """A row for each recipient, or one of an unknown recipient; in the order of the log.

    `copy` says that the log is a rejectlog.
    """
    each, recipients = _by_recipient(logged)
    count = len(each)
    told: Sequence[Sequence[Any]] = list(zip(*each, strict=True)) or [()] * len(_OF_LOGGED)
    columns: dict[str, Any] = {name: told[_OF_LOGGED[name]] for name in _AS_LOGGED}
    arrived_at = pa.array(told[_OF_LOGGED["at"]], pa.float64())
    columns |= {
        "arrived_at": pc.round(pc.multiply(arrived_at, 1e6)).cast(pa.int64()),
        "day": _days(told[_OF_LOGGED["at"]]),
        "copy": pa.repeat(pa.scalar(copy), count),
        "message": _messages(told),
        "client_key": list(map(address_key, columns["client"])),
        "interface_key": list(map(address_key, columns["interface"])),
        "sender_domain": _sender_domains(columns["sender"]),
        "recipient": recipients,
        "recipient_key": _recipient_keys(recipients),
        "log": pa.repeat(pa.scalar(log), count),
    }
    return pa.record_batch([_array(columns[f.name], f.type) for f in SCHEMA], schema=SCHEMA)


def _by_recipient(logged: Iterable[Logged]) -> tuple[list[Logged], list[str | None]]:
    each: list[Logged] = []
    recipients: list[str | None] = []
    for one in logged:
        known = one.recipients
        if len(known) == 1:
            each.append(one)
            recipients.append(known[0])
        elif known:
            each += [one] * len(known)
            recipients += known
        else:
            each.append(one)
            recipients.append(None)
    return each, recipients


def _array(values: Any, kind: pa.DataType) -> pa.Array:
    return values.cast(kind) if isinstance(values, pa.Array) else pa.array(values, kind)


def _messages(told: Sequence[Sequence[Any]]) -> Sequence[str | None]:
    """Ids that no other message has: those of another host differ, and of other times.

    Exim's ids and Postfix's long ones have the time in them; Postfix's short ones come again.
    """
    ids, hosts, programs = (told[_OF_LOGGED[name]] for name in ("message", "host", "program"))
    if set(hosts) <= {None} and set(programs) <= {"exim"}:
        return ids
    return [
        None if message is None else _unique(message, host, at if program == "postfix" else 0.0)
        for message, host, program, at in zip(ids, hosts, programs, told[0], strict=True)
    ]


def _unique(message: str, host: str | None, at: float) -> str:
    whole = message if host is None else f"{host}/{message}"
    return f"{whole}/{at:.0f}" if at and _SHORT_ID.fullmatch(message) else whole


def _days(times: Sequence[float]) -> Any:
    """Mostly one."""
    first, last = (_day(end(times)) for end in (min, max)) if times else ("", "")
    return pa.repeat(pa.scalar(first), len(times)) if first == last else list(map(_day, times))


def _day(at: float) -> str:
    return _day_of(int(at) // _DAY)


@lru_cache(maxsize=1024)
def _day_of(number: int) -> str:
    return str(pa.scalar(number, pa.date32()))


@lru_cache(maxsize=_CACHED)
def address_key(text: str | None) -> str | None:
    """An address as 32 hexadecimal digits; see `schema`."""
    if text is None:
        return None
    address = ip_address(text)
    return f"{int(address) + _MAPPED * (address.version == 4):032x}"


def recipient_key(recipient: str | None) -> str | None:
    """What a decision depends on: the domain, and all of a recipient that hides it.

    So does one whose domain older rules read otherwise (see `domains.folded`).
    """
    if recipient is None:
        return None
    domain = domains.of_recipient(recipient)
    return domain if "." in domain and recipient.isascii() else recipient


def sender_domain(sender: str | None) -> str | None:
    """The domain of a sender in its normal spelling; "" where it has none."""
    return None if sender is None else domains.of_recipient(sender)


def _recipient_keys(recipients: Iterable[str | None]) -> list[str | None]:
    """Most are plain, and their domains are known."""
    plain = _PLAIN.match
    return [
        recipient_key(each) if each is None or (found := plain(each)) is None
        else _key(found[1]) or each
        for each in recipients
    ]  # fmt: skip


def _sender_domains(senders: Iterable[str | None]) -> list[str | None]:
    plain = _PLAIN.match
    return [
        sender_domain(each) if each is None or (found := plain(each)) is None
        else _domain(found[1])
        for each in senders
    ]  # fmt: skip


@lru_cache(maxsize=_CACHED)
def _domain(text: str) -> str:
    return domains.of_recipient(f"x@{text}")


@lru_cache(maxsize=_CACHED)
def _key(text: str) -> str | None:
    """The key of all plain mailboxes of a domain; None where each has its own."""
    mailbox = f"x@{text}"
    key = recipient_key(mailbox)
    return None if key == mailbox else key
