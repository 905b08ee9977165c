"""Logs to measure with: made up, of the shape that real ones have, and the same in each run.

Of Exim's lines 28% are arrivals, of 150 octets on average; the rest is deliveries, completions,
rejections and what connections leave behind. Messages overlap, as they do. A few clients bring most
of the mail, and most of it is for a few domains. In Postfix's log a message is told by seven lines
that have its queue id in common.
"""

from __future__ import annotations

import random
import time
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator
from heapq import heappop, heappush
from itertools import accumulate
from pathlib import Path

__all__ = ["exim", "postfix", "write"]

_BEGIN = 1_767_225_600  # 2026-01-01 00:00:00 UTC
_DAY = 86_400  # seconds
_LINES_A_DAY = 1_000_000
_CHUNK = 10_000  # lines
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_NAMES = ["anna", "ben", "chloe", "dan", "eva", "finn"]
_WORDS = ["Invoice", "your", "order", "about", "the", "meeting", "minutes", "of", "offer", "for"]
_CIPHERS = ("TLS1.3:TLS_AES_256_GCM_SHA384:256", "TLS1.2:ECDHE_RSA_AES_256_GCM_SHA384:256")


def write(path: Path, lines: Iterable[bytes]) -> Path:
    """Put a log, or a part of one after the other, into a file."""
    with path.open("wb") as file:
        for chunk in lines:
            file.write(chunk)
    return path


def exim(lines: int, *, recipients: bool = True, seed: int = 1) -> Iterator[bytes]:
    """Exim's mainlog, many lines at a time; with `for ...` in its arrivals, or without."""
    world = _World(seed)
    return _in_order(lines, lambda at: _exim_session(world, at, recipients), _exim_stamp)


def postfix(lines: int, *, seed: int = 1) -> Iterator[bytes]:
    """Postfix's log through syslog, with timestamps as rsyslog writes them now."""
    world = _World(seed)
    return _in_order(lines, lambda at: _postfix_session(world, at), _iso_stamp)


_Session = list[tuple[float, str]]
"""Lines without their stamps, and when they are written."""


def _in_order(
    lines: int, session: Callable[[float], _Session], stamp: Callable[[float], str]
) -> Iterator[bytes]:
    """Lines of sessions that overlap, by time."""
    waiting: list[tuple[float, int, str]] = []
    begins, number, chunk = float(_BEGIN), 0, []
    while lines:
        for at, line in session(begins):
            heappush(waiting, (at, number, line))
            number += 1
        begins = _BEGIN + number * _DAY / _LINES_A_DAY
        while lines and waiting and waiting[0][0] <= begins:
            at, _, line = heappop(waiting)
            chunk.append(f"{stamp(at)} {line}\n")
            lines -= 1
        if len(chunk) >= _CHUNK or not lines:
            yield "".join(chunk).encode()
            chunk = []


class _Stamps:
    """Seconds as texts; the last one is remembered."""

    def __init__(self, form: str) -> None:
        self._form = form
        self._second = -1
        self._text = ""

    def __call__(self, at: float) -> str:
        if int(at) != self._second:
            self._second = int(at)
            self._text = time.strftime(self._form, time.gmtime(self._second))
        return self._text


_exim_stamp = _Stamps("%Y-%m-%d %H:%M:%S")
_iso_stamp = _Stamps("%Y-%m-%dT%H:%M:%S.123456+00:00 mx1")


class _World:
    """Who sends to whom."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)  # noqa: S311
        self.clients = _Often([_client(number) for number in range(20_000)])
        self.domains = _Often([f"domain{number}.example" for number in range(5_000)])
        self.elsewhere = _Often([f"sender{number}.example.net" for number in range(30_000)])
        self.users = [f"{a}.{b}" for a in _NAMES for b in range(99)]

    def recipients(self) -> list[str]:
        domain = self.domains.one(self.random)
        count = 1 if self.random.random() < 0.9 else self.random.randint(2, 5)
        return [f"{user}@{domain}" for user in self.random.sample(self.users, count)]

    def sender(self) -> str:
        user = self.random.choice(self.users)
        return f"{user}-{self.random.randrange(1000)}@{self.elsewhere.one(self.random)}"

    def subject(self) -> str:
        return " ".join(self.random.choices(_WORDS, k=self.random.randint(2, 6)))

    def id(self, at: float) -> str:
        first, last = _base62(int(at), 6), _base62(self.random.randrange(62**2), 2)
        return f"{first}-{_base62(self.random.randrange(4_000_000), 6)}-{last}"


class _Often:
    """Of many, few come often: the n-th one as often as 1/n (Zipf)."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._sums = list(accumulate(1 / n for n in range(1, len(names) + 1)))

    def one(self, chance: random.Random) -> str:
        return self._names[bisect(self._sums, chance.random() * self._sums[-1])]


def _client(number: int) -> str:
    name = f"mail{number}.sender{number}.example.net"
    if number % 12 == 0:
        return f"{name} [2001:db8:{number % 7919:x}::{number:x}]"
    address = f"198.{18 + number % 2}.{number // 250 % 250}.{number % 250}"
    return f"(helo{number}) [{address}]" if number % 3 == 0 else f"{name} [{address}]"


def _base62(number: int, digits: int) -> str:
    text = ""
    for _ in range(digits):
        number, digit = divmod(number, 62)
        text = _BASE62[digit] + text
    return text


# -- Exim -----------------------------------------------------------------------------------------


def _exim_session(world: _World, at: float, named: bool) -> _Session:
    chance = world.random
    host = f"H={world.clients.one(chance)}:{chance.randrange(1024, 65536)} I=[192.0.2.25]:25"
    recipients, sender = world.recipients(), world.sender()
    if chance.random() < 0.15:
        why = "Unrouteable address" if chance.random() < 0.5 else "listed at zen.example.org"
        return [(at, f"{host} F=<{sender}> rejected RCPT <{recipients[0]}>: {why}")]
    lines: _Session = []
    if chance.random() < 0.1:
        address = host.partition("[")[2].partition("]")[0]
        lines.append((at, f"no host name found for IP address {address}"))
    if chance.random() < 0.1:
        lines.append((at, f"SMTP connection from {host.partition(' I=')[0]} closed by QUIT"))
    id_ = world.id(at)
    tls = chance.random() < 0.7
    secured = f"esmtps X={chance.choice(_CIPHERS)} CV=no" if tls else "esmtp"
    size = int(chance.lognormvariate(9.5, 1.5)) + 500
    arrival = f"{id_} <= {sender} {host} P={secured} S={size} id={id_}@{sender[-12:]}"
    arrival += f' T="{world.subject()}"'
    lines.append((at, f"{arrival} for {' '.join(recipients)}" if named else arrival))
    done = at + chance.expovariate(1)
    for number, recipient in enumerate(recipients):
        mark = "->" if number else "=>"
        local = recipient.partition("@")[0]
        how = "R=virtual_user T=virtual_delivery S=1234"
        lines.append((done, f"{id_} {mark} {local} <{recipient}> {how}"))
    lines.append((done, f"{id_} Completed"))
    return lines


# -- Postfix --------------------------------------------------------------------------------------


def _postfix_session(world: _World, at: float) -> _Session:
    chance = world.random
    client = _postfix_client(world.clients.one(chance))
    recipients, sender = world.recipients(), world.sender()
    smtpd = f"postfix/smtpd[{chance.randrange(1000, 32768)}]:"
    lines: _Session = [(at, f"{smtpd} connect from {client}")]
    if chance.random() < 0.2:
        why = "550 5.1.1 <{0}>: Recipient address rejected: User unknown in virtual mailbox table"
        told = f"from=<{sender}> to=<{recipients[0]}> proto=ESMTP helo=<mail.example.net>"
        refused = why.format(recipients[0])
        lines.append((at, f"{smtpd} NOQUEUE: reject: RCPT from {client}: {refused}; {told}"))
        lines.append((at, f"{smtpd} disconnect from {client} ehlo=1 mail=1 rcpt=0/1 quit=1"))
        return lines
    id_ = f"4{chance.randrange(16**9):09X}"
    if chance.random() < 0.7:
        lines.append(
            (at, f"{smtpd} Anonymous TLS connection established from {client}: TLSv1.3 with cipher "
                 "TLS_AES_256_GCM_SHA384 (256/256 bits)")
        )  # fmt: skip
    cleanup, qmgr, lmtp = "postfix/cleanup[2345]:", "postfix/qmgr[1234]:", "postfix/lmtp[3456]:"
    size = int(chance.lognormvariate(9.5, 1.5)) + 500
    lines += [
        (at, f"{smtpd} {id_}: client={client}"),
        (at, f"{cleanup} {id_}: message-id=<{id_}.{chance.randrange(10**9)}@mail.example.net>"),
        (at, f"{qmgr} {id_}: from=<{sender}>, size={size}, nrcpt={len(recipients)} (queue active)"),
        (at, f"{smtpd} disconnect from {client} ehlo=2 starttls=1 mail=1 rcpt=1 data=1 quit=1"),
    ]
    done = at + chance.expovariate(1)
    told = "relay=mailbox.example[private/dovecot-lmtp], delay=0.2, delays=0.1/0/0/0.1, dsn=2.0.0"
    lines += [
        (done, f"{lmtp} {id_}: to=<{each}>, {told}, status=sent (250 2.0.0 <{each}> Saved)")
        for each in recipients
    ]
    lines.append((done, f"{qmgr} {id_}: removed"))
    return lines


def _postfix_client(client: str) -> str:
    name, _, address = client.rpartition(" ")
    return f"{'unknown' if name.startswith('(') else name}{address}"
