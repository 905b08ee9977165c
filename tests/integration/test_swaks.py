"""swaks and its options, through mxward and past it: the same codes, end and mail."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from tests.integration.servers import Exim, Postfix, Session, swaks
from tests.integration.site import BEHIND, CLIENT, DIRECT, MAIL, THROUGH, Site, site

pytestmark = pytest.mark.real

WAYS = ((MAIL, THROUGH), (BEHIND, DIRECT))


@pytest.fixture(scope="module", params=[(Postfix, "xclient"), (Exim, "proxy-v2")])
def stand(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    kind, identity = request.param
    with site(tmp_path_factory.mktemp("site"), kind) as made:
        made.start(identity)
        yield made


# And how many messages arrive.
OPTIONS = {
    "": 1,
    "--tls": 1,
    "--tls --tls-protocol tlsv1_2": 1,
    "--tls --pipeline": 1,
    "--tls-optional-strict": 1,
    "--tls-on-connect": 0,
    "--protocol SMTP": 1,
    "--protocol ESMTP": 1,
    "--pipeline": 1,
    "--from <>": 1,
    "--to a@{at},nobody@{at},{to}": 1,
    "--to nobody@{at}": 0,
    "--to nobody@{at} --pipeline": 0,
    "--to victim@far.example": 0,
    "--data - --no-data-fixup": 1,
    "--attach-body . --add-header X-A:b": 1,
    "--xclient-addr 192.0.2.77": 0,
    "--xclient-addr 192.0.2.77 --xclient-optional": 1,
    "--xclient-addr 192.0.2.77 --xclient-no-verify": 0,
    "--auth-user u --auth-password p": 0,
    "--auth-optional --auth-user u --auth-password p": 1,
}
OPTIONS |= {"--drop-after DATA": 0, "--drop-after-send DATA": 0, "--drop-after DOT": 1}
OPTIONS |= {"--tls --quit-after RCPT": 0, "--tls --drop-after TLS": 0, "--drop-after-send RCPT": 0}
STOPS = ["BANNER", "FIRST-EHLO", "TLS", "EHLO", "AUTH", "MAIL", "RCPT"]
HALF_WAY = [f"--tls --{how}-after {stop}" for how, stop in product(["quit", "drop"], STOPS)]
HALF_WAY += [f"--tls --drop-after-send {stop}" for stop in ("FIRST-EHLO", "TLS", "EHLO", "MAIL")]
MESSAGE = b"Subject: from a file\r\n\r\n..dots\r\n.and\r\n...more\r\n.\r\n"


@pytest.mark.parametrize("options", OPTIONS)
def test_swaks(stand: Site, options: str) -> None:
    same(stand, options, f"t{list(OPTIONS).index(options)}", OPTIONS[options])


@pytest.mark.long
@pytest.mark.parametrize("options", HALF_WAY)
def test_swaks_stops_half_way(stand: Site, options: str) -> None:
    same(stand, options, f"h{HALF_WAY.index(options)}", 0)


def same(stand: Site, options: str, to: str, copies: int) -> None:
    through, past = (send(server, f"{to}@{domain}", options) for server, domain in WAYS)
    assert codes(through) == codes(past), f"{through.transcript}\n{past.transcript}"
    assert through.code == past.code
    mails = stand.mail_server.mail()
    counts = [sum(mail.recipient == f"{to}@{domain}" for mail in mails) for _, domain in WAYS]
    assert counts == [copies] * 2


def send(server: str, to: str, options: str) -> Session:
    words = options.format(to=to, at=to.partition("@")[2]).split()
    message = MESSAGE if "--data" in words else None
    return swaks(server, to, source=CLIENT, message=message, options=words)


def codes(session: Session) -> list[str]:
    """Of each reply, its last line."""
    return [line[:1] for line in session.replies if line[3:4] != "-"]
