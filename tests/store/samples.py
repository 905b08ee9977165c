"""Things worth keeping."""

from __future__ import annotations

from mxward.domains import Domains
from mxward.frontdoor.egress import EgressHistory, Gone
from mxward.model import Kind, Known, Question, Remembered, Trust
from mxward.networks import network

MX = Question(Kind.MX, "it.co.za")
ANSWERS = {
    MX: Remembered(Known.FOUND, ("10 a.example", "20 b.example"), "", 1000.5, 1300.5),
    Question(Kind.A, "a.example"): Remembered(
        Known.FOUND,
        ("192.0.2.1",),
        "c.example",
        1001.0,
        1300.0,
        (("192.0.2.2", 900.25), ("CNAME d.example", 800.0)),
    ),
    Question(Kind.AAAA, "a.example"): Remembered(Known.ABSENT, (), "", 1002.0, 1032.0),
    Question(Kind.TXT, "spf.example"): Remembered(
        Known.FOUND, ('v=spf1 "x"\n', "ä\x00\\", ""), "", 1003.0, 1400.0
    ),
}
HISTORIES = {
    "mimecast": EgressHistory(
        ("spf.example", "more.example"),
        ((network("192.0.2.0/24"), 5.0), (network("2001:db8::/32"), 6.5)),
        (Gone(network("10.0.0.0/8"), 1.0, 2.0, True), Gone(network("10.0.0.1"), 3.0, 4.0, False)),
    ),
    "hornet": EgressHistory(("spf.hornet.example",)),
}
TRUSTED = (
    Trust("anna", "the printer on floor 2", network=network("192.0.2.7/32"), expires=5e9),
    Trust(
        "ben",
        'ünïcode, "quoted", with a \' and a \\',
        name="*.partner.example",
        recipients=Domains(["it.co.za", "*.example.org"]),
        senders=Domains(["partner.example"]),
    ),
    Trust("carla", "a relay", certificate="relay.example", senders=Domains(["x.example"])),
    Trust("dora", "six", network=network("2001:db8::/32")),
)
