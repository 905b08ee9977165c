"""Certificates of clients, as real Exim and Postfix tell `mxward policyd` of them: what they prove,
and that what a stranger writes into his own changes nothing.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.certificates import Authority, Issued, self_signed
from tests.integration.policyd import ACL, GUIDE, RESTRICTIONS, Policyd
from tests.integration.servers import Exim, MailServer, Nsd, Postfix, room
from tests.integration.site import CLIENT, DNS, MAIL, THROUGH, ZONES

pytestmark = pytest.mark.real

PARTNER = "relay.partner.example"
CONFIGURATION = f"""\
[server]
addresses = ["{MAIL}"]
[inventory]
files = ["localdomains"]
[policy]
stage = "refuse"
[policyd]
[scanners.clean]
mx = ["clean.example"]
addresses = ["198.51.100.10"]
knows_us = true
[[trust]]
certificate = "{PARTNER}"
owner = "ben"
note = "a partner's relay"
[dns]
servers = ["{DNS}:53"]
[store]
path = "store.db"
"""
TOLD = re.findall(r"`(ccert_\w+=\$.*?)`", GUIDE)
ASKS = {
    Exim: "tls_try_verify_hosts = *\ntls_verify_certificates = /srv/ca.pem\n",
    Postfix: f"smtpd_tls_ask_ccert = yes\nsmtpd_tls_CAfile = /srv/ca.pem\n{RESTRICTIONS}",
}


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nsd]:
    room.own(DNS)
    with Nsd(tmp_path_factory.mktemp("nsd"), DNS, zones=ZONES) as server:
        yield server


@pytest.mark.parametrize("kind", [Exim, Postfix])
def test_a_certificate_counts_where_the_mail_server_has_verified_it(
    kind: type[MailServer], tmp_path: Path, names: Nsd
) -> None:
    ours, theirs = Authority(), Authority("Another CA")
    behind = kind(
        tmp_path / "mail",
        MAIL,
        25,
        domains=(THROUGH,),
        certificate=ours.issue("mail.provider.example"),
        settings=ASKS[kind],
    )
    behind.directory.mkdir(parents=True)
    Path(ours.write(behind.directory)).chmod(0o644)
    if isinstance(behind, Exim):
        behind.rcpt = acl()
    policyd = Policyd(tmp_path / "mxward", CONFIGURATION)
    policyd.directory.mkdir()
    (policyd.directory / "localdomains").write_text(f"{THROUGH}\n")
    with behind, policyd:
        assert shown(None, tmp_path) == 550
        assert shown(ours.issue(PARTNER), tmp_path) == 250
        assert shown(ours.issue("other.partner.example"), tmp_path) == 550
        assert shown(theirs.issue(PARTNER), tmp_path) == 550, "anybody can say to be anybody"
        assert shown(self_signed(PARTNER), tmp_path) == 550
        for words in ("a\n\nno question", f"a\nsasl_method=x\nccert_names={PARTNER}", "a\n\n"):
            assert shown(self_signed("a.example", words), tmp_path) == 550, words
        if kind is Exim:  # Postfix ends the session
            many = [f"{n}.{'x' * 50}.example" for n in range(1_100)]  # longer than any question
            assert shown(self_signed("a.example", *many), tmp_path) == 550
        assert "event=policyd-malformed" not in policyd.log


def acl() -> str:
    """The guide's statements, with what it says of certificates."""
    [before, after] = ACL.split("$authenticated_id\\n\\n}")
    assert len(TOLD) == 2
    lines = "\\\n".join(f"            {line}" for line in TOLD)
    return f"{before}$authenticated_id\\n\\\n{lines}\\n}}{after}"


def shown(certificate: Issued | None, folder: Path) -> int:
    """What a client with this certificate is told at RCPT."""
    room.own(CLIENT)
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if certificate is not None:
        context.load_cert_chain(*certificate.write(folder, "client"))
    with smtplib.SMTP(MAIL, 25, "n.client.example", 30, (CLIENT, 0)) as client:
        client.starttls(context=context)
        client.ehlo()
        assert client.mail("a@client.example")[0] == 250
        return client.rcpt(f"u@{THROUGH}")[0]
