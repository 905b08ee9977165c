"""What is wrong with the next server is told once a minute."""

from __future__ import annotations

from mxward.networks import address
from mxward.proxy.troubles import Troubles
from mxward.smtp.vocabulary import Endpoint, Log

MAIL_SERVER = Endpoint(address("192.0.2.1"), 25)
SCANNER = Endpoint(address("192.0.2.2"), 25, scanner="clean")


def test_each_trouble_is_told_once_a_minute_with_its_number() -> None:
    told: list[Log] = []
    now = 1000.0
    troubles = Troubles(told.append, lambda: now)
    for second in range(130):
        now = 1000.0 + second
        troubles.met(MAIL_SERVER, f"refused: {second} s past")
    troubles.met(MAIL_SERVER, "no certificate")
    troubles.met(SCANNER, "refused")
    assert [(log.fields["upstream"], log.fields["why"], log.fields["times"]) for log in told] == [
        (MAIL_SERVER, "refused: 0 s past", 1),
        (MAIL_SERVER, "refused: 60 s past", 60),
        (MAIL_SERVER, "refused: 120 s past", 60),
        (MAIL_SERVER, "no certificate", 1),
        (SCANNER, "refused", 1),
    ]
    assert [log.loud for log in told] == [True, True, True, True, False]


def test_its_memory_is_bounded() -> None:
    told: list[Log] = []
    troubles = Troubles(told.append, lambda: 0.0)
    for number in range(3000):
        troubles.met(MAIL_SERVER, f"trouble {number}")
    assert len(told) == 3000
    assert len(troubles._told) <= 1000
    assert len(troubles._times) <= 1000
