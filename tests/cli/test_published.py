"""What the DNS publishes about certificates, and what becomes of a DNS that is slow."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from mxward.cli.published import Published, published
from mxward.lookup.dane import associations
from mxward.lookup.fake import FakeResolver
from mxward.model import Kind, Question
from mxward.networks import address

OWN = frozenset({address("192.0.2.25"), address("2001:db8::25")})
RECORD = "3 1 1 00ff"


def found(
    dns: FakeResolver, domains: Sequence[str], names: Sequence[str] = (), within: float = 10
) -> Published:
    return asyncio.run(published(dns, domains, OWN, names, within))


def test_what_is_found() -> None:
    dns = FakeResolver(
        mx={
            "own.example": ["10 mail.example", "20 mx.scanner.example"],
            "six.example": ["10 six.mail.example"],
            "scanned.example": ["10 mx.scanner.example"],
            "cut.example": ["10 gone.example"],
            "too.example": ["10 gone.example"],
        },
        a={"mail.example": ["192.0.2.25"], "mx.scanner.example": ["198.51.100.1"]},
        aaaa={"six.mail.example": ["2001:db8::25"]},
        tlsa={"_25._tcp.mail.example": [RECORD, "0 0 1 00"], "_25._tcp.cert.example": [RECORD]},
        txt={name: ["v=STSv1; id=1"] for name in ("_mta-sts.own.example", "_mta-sts.cut.example")},
        failing={"A gone.example", "TLSA _25._tcp.six.mail.example"},
    )
    domains = ["own.example", "six.example", "scanned.example", "cut.example", "too.example"]
    record = tuple(associations([RECORD]))
    assert found(dns, domains, ["cert.example", "mail.example"]) == Published(
        hosts={"mail.example": ["own.example"], "six.mail.example": ["six.example"]},
        tlsa={"mail.example": record, "six.mail.example": (), "cert.example": record},
        mta_sts={"own.example"},
        failed=[
            Question(Kind.A, "gone.example"),
            Question(Kind.TLSA, "_25._tcp.six.mail.example"),
        ],
    )
    assert max(dns.asked.values()) == 1


def test_what_takes_too_long_has_failed() -> None:
    start = time.monotonic()
    dns = FakeResolver(hold=lambda _: asyncio.sleep(60))
    domains = [f"n{number}.example" for number in range(50)]
    told = found(dns, domains, ["cert.example"], within=0.05)
    assert told.failed == [
        *(Question(Kind.MX, domain) for domain in domains),
        Question(Kind.TLSA, "_25._tcp.cert.example"),
    ]
    assert dns.asked.total() == 20 + 1  # at once, and the record, which is given up at once
    assert time.monotonic() - start < 5
