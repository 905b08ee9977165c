"""Whatever recipient a real mail server takes from a stranger, mxward has had its say on it.

Here all domains of the server are fronted and refused at the back door. So of all the odd ways to
name a recipient, the server may take none that mxward lets pass as not ours, but `postmaster`.
"""

from __future__ import annotations

import smtplib
from itertools import product
from pathlib import Path

import pytest

from mxward import policy
from mxward.domains import Domains
from mxward.model import Action, Arrival, Exchange, FrontDoor, Known, Rules, Scanner, Stage
from mxward.networks import address
from tests.integration.servers import Exim, MailServer, Postfix, room

pytestmark = pytest.mark.real

MAIL, CLIENT = "203.0.113.25", "198.51.100.7"
# The third is how Postfix must be given a U-label: in UTF-8, folded.
OURS = ["it.co.za", "fass.example", "\u03bf\u03b4\u03bf\u03c3.example", "tels.example"]

LOCALS = [
    *["u", '"u"', "u+x", "|u", "u(x)", "u\\", "postmaster", "", " u"],
    *["u%it.co.za", '"u%it.co.za"', "it.co.za!u", "u@it.co.za", '"u@it.co.za"', "u\\@it.co.za"],
    *["@it.co.za:u", "@far.example:u", "it.co.za:u", "u=it.co.za", "u#it.co.za", "it.co.za::u"],
]
DOMAINS = [
    *["", "it.co.za", "IT.co.ZA", "it.co.za.", "it.co.za..", ".it.co.za", "it..co.za"],
    *[
        "it.co.za(x)",
        "(x)it.co.za",
        " it.co.za",
        "it.co.za ",
        "it.co.za\t",
        "it.co.za\0",
        "it.co.za>",
    ],
    *[
        "sub.it.co.za",
        "xit.co.za",
        "far.example",
        "[it.co.za]",
        "it.co.za:25",
        "it.co.za@",
        "%it.co.za",
    ],
    *["localhost", "mail.provider.example", "mail", f"[{MAIL}]", MAIL, "[IPv6:::1]", "[]"],
    *["fa\u00df.example", "FA\u1e9e.example", "xn--fa-hia.example", "tel\u017f.example"],
    *["\u03bf\u03b4\u03bf\u03c2.example", "\u039f\u0394\u039f\u03a3.example", "xn--pxavbq.example"],
    *[
        "it\u3002co\u3002za",
        "\uff49\uff54.co.za",
        "i\u00adt.co.za",
        "i\u200dt.co.za",
        "\u0131t.co.za",
    ],
    *["xn--it-.co.za", "it.co.za\u3002", "it.co.za\u200b", "\u0456t.co.za"],
]
ODD = [
    "it.co.za!u",
    "<u@it.co.za>",
    "u",
    "postmaster",
    '"postmaster"',
    '"u@it.co.za"',
    "u%it.co.za",
]
ODD += ["u@it.co.za,u@far.example", "@it.co.za,@far.example:u@far.example", "u\uff20it.co.za"]
ODD += [f"{local}@{domain}" for local, domain in product(LOCALS, DOMAINS)]

SCANNER = Scanner("clean", mx=("clean.example",))
DOOR = FrontDoor(Known.FOUND, (Exchange(10, "mx.clean.example", (address("192.0.2.1"),), "clean"),))
RULES = Rules(
    inventory=Domains(OURS),
    stage=Stage.REFUSE,
    scanners={"clean": SCANNER},
    client_told=True,
)


def passes(recipient: str) -> bool:
    """Whether mxward lets it through to the mail server."""
    arrival = Arrival(address(CLIENT), address(MAIL), "", "", recipient)
    return policy.decide(arrival, DOOR, RULES, 0.0).action is Action.PASS


def taken(server: MailServer, recipients: list[str]) -> list[str]:
    """Those that the server takes from a stranger."""
    accepted = []
    room.own(CLIENT)
    with smtplib.SMTP(server.address, server.port, "x", 10, (CLIENT, 0)) as client:
        client.ehlo()
        client.command_encoding = "utf-8"
        for recipient in recipients:
            client.docmd("MAIL", "FROM:<>" + ("" if recipient.isascii() else " SMTPUTF8"))
            if client.docmd("RCPT", f"TO:<{recipient}>")[0] == 250:
                accepted.append(recipient)
            client.docmd("RSET")
    return accepted


def test_postfix_takes_nothing_that_passed_unseen(tmp_path: Path) -> None:
    settings = "smtpd_hard_error_limit = 99999\nsmtpd_junk_command_limit = 99999\n"
    with Postfix(tmp_path, MAIL, domains=OURS, settings=settings) as server:
        accepted = taken(server, ODD)
    assert {"u@it.co.za", "u@fa\u00df.example", "u@it.co.za.", "it.co.za!u"} <= {*accepted}
    assert [odd for odd in accepted if passes(odd)] == ["postmaster"]


def test_exim_takes_nothing_that_passed_unseen(tmp_path: Path) -> None:
    settings = "smtp_max_synprot_errors = 99999\nsmtp_accept_max_nonmail = 99999\n"
    with Exim(tmp_path, MAIL, domains=OURS, settings=settings) as server:
        accepted = taken(server, ODD)
    assert {"u@it.co.za", "@far.example:u@it.co.za", "u@(x)it.co.za"} <= {*accepted}
    assert [odd for odd in accepted if passes(odd)] == []
