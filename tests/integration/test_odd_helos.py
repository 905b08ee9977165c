"""Whatever a client calls itself, Postfix serves it through mxward as it does without.

By XCLIENT a name is written anew, and may have no room; by PROXY it goes in EHLO alone. The same
name comes twice: on a connection of its own, and on one that served another client before.
"""

from __future__ import annotations

import re
import smtplib
from collections.abc import Iterator

import pytest

from tests.integration.servers import Postfix
from tests.integration.site import BEHIND, DIRECT, MAIL, OTHER, THROUGH, Site, site

pytestmark = pytest.mark.real

HELOS: dict[str, str] = {
    "86-spaces": "a" + " " * 86 + "b",
    "43-accents": "\u00e9" * 43,
    "42-accents": "\u00e9" * 42,
    "255-octets": "x" * 255,
    "255-spaces": "a" + " " * 253 + "b",
    "255-letters-of-two-octets": "\u00e9" * 255,
    "255-letters-of-four-octets": "\U0001f4e7" * 255,
    "85-that-are-written-in-three": "=" * 85,
    "86-that-are-written-in-three": "+" * 86,
    "a-space": "my pc",
    "xtext": "+0D+0AADDR=192.0.2.99",
    "attributes": "x ADDR=192.0.2.99 LOGIN=root NAME=one.client.example",
    "unavailable": "[UNAVAILABLE]",
    "temporarily": "[TEMPUNAVAIL]",
    "unavailable-in-small": "[unavailable]",
    "literal": "[192.0.2.99]",
    "ipv6-literal": "[IPv6:2001:db8::99]",
    "address": "192.0.2.99",
    "no-domain": "localhost",
    "underscore": "my_pc.example",
    "dots": "..",
    "hyphen": "-",
    "trailing-dot": "client.example.",
    "quote": 'a"b',
    "brackets": "<a@b>",
    "parentheses": "a (b) c",
    "backslash": "a\\",
    "percent": "%s%n",
    "semicolon": "a;b",
    "upper-case": "CLIENT.EXAMPLE",
    "next-line": "a\u0085b",
    "line-separator": "a\u2028b",
    "right-to-left": "a\u202eb",
    "nothing-wide": "a\u200bb",
    "kelvin": "\u212a",
}
NO_NAME = ("", " " * 86)


@pytest.fixture(scope="module", params=["xclient", "proxy-v2"])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("site"), Postfix) as made:
        made.start(request.param, server='upstream_tls = "none"')
        yield made


def bring(verb: str, helo: str, name: str) -> list[list[int]]:
    """The codes of one message, through mxward and past it."""
    found = []
    for server, domain in ((MAIL, THROUGH), (BEHIND, DIRECT)):
        with smtplib.SMTP(server, 25, timeout=30, source_address=(OTHER, 0)) as client:
            client.command_encoding = "utf-8"
            lines = (f"{verb} {helo}", "MAIL FROM:<a@b.example>", f"RCPT TO:<{name}@{domain}>")
            codes = [client.docmd(line)[0] for line in lines]
            if codes[-1] == 250:
                codes.append(client.data(b"Subject: x\r\n\r\nhello\r\n")[0])
            found.append(codes)
    return found


@pytest.mark.parametrize("verb", ["EHLO", "HELO"])
def test_it_is_served_as_without(stand: Site, verb: str) -> None:
    for name, helo in HELOS.items():
        assert bring(verb, helo, f"{verb}.{name}") == [[250] * 4] * 2, name
    told: dict[str, dict[str, bytes]] = {}
    for mail in stand.mail_server.mail():
        local, _, domain = mail.recipient.partition("@")
        received = re.search(
            rb"^Received: (from .* \(unknown \[.*\]\))\n\tby", mail.raw, re.MULTILINE
        )
        assert received, mail.raw
        told.setdefault(local, {})[domain] = received[1]
    for name in HELOS:
        through, past = (told[f"{verb}.{name}"][domain] for domain in (THROUGH, DIRECT))
        assert through == past
        assert through.endswith(f"[{OTHER}])".encode())


def test_no_name_is_none(stand: Site) -> None:
    """Postfix asks who is there, and so does mxward; the session goes on."""
    for helo in NO_NAME:
        through, past = bring("EHLO", helo, "no-name")
        assert (through[0], past[0]) == (501, 501)
    assert bring("EHLO", "client.example", "named") == [[250] * 4] * 2
