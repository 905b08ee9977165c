"""What refusals are about, by the words of servers as they are met."""

from __future__ import annotations

import pytest

from mxward.smtp.about import about, wants_apart
from mxward.smtp.probed import About
from mxward.smtp.replies import reply

CASES = {
    About.DOMAIN: [
        "554 5.7.1 <postmaster@it.test>: Relay access denied",  # Postfix
        "454 4.7.1 <postmaster@it.test>: Relay access denied",
        "550 relay not permitted",  # Exim
        "550-client.test [192.0.2.1]:5555 is not permitted to relay through this server without"
        "|550 authentication.",  # cPanel
        "550 5.7.1 <postmaster@it.test>... Relaying denied",  # Sendmail
        "550 5.7.1 <postmaster@it.test>... Relaying denied. Proper authentication required.",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",  # qmail
        "550 5.7.1 Unable to relay",  # Exchange
        "550 5.7.64 TenantAttribution; Relay Access Denied [x.outlook.com]",
        "550 5.7.51 TenantInboundAttribution; Rejecting",
        "421 4.7.0 IP not in whitelist for RCPT domain, closing connection.",  # Google
        "550-5.7.1 Mail for it.test is taken at its MX only, not here|550 5.7.1 The id is 1",
    ],
    About.RECIPIENT: [
        "550 5.1.1 <postmaster@it.test>: Recipient address rejected: User unknown in relay"
        " recipient table",
        "550 5.1.1 <postmaster@it.test>: Recipient address rejected: User unknown in virtual"
        " mailbox table",
        "550 No such user here",
        "550-5.1.1 The email account that you tried to reach does not exist.|550 5.1.1 Learn more",
        "550 5.4.1 Recipient address rejected: Access denied. [x.prod.protection.outlook.com]",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found by SMTP address lookup",
        "550 Invalid recipient",
        "550 5.2.1 no",
        "552 5.2.2 it is full",
    ],
    About.SENDER: [
        "553 5.1.8 <audit@provider.test>: Sender address rejected: Domain not found",
        "550 Sender verify failed",
        "554 5.7.1 <>: Sender address rejected: Access denied",
        "550 5.7.1 Null sender not accepted",
        "550 We take no mail from the empty envelope; empty sender refused",
        "550 5.7.1 SPF fail: not authorised",
    ],
    About.CLIENT: [
        "554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied",
        "554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org",
        "450 4.7.1 <audit.test>: Helo command rejected: Host not found",
        "450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]",
        "550 5.7.1 Your IP has a bad reputation",
        "451 too many connections from your host",
        "530 5.7.0 Must issue a STARTTLS command first",
        # What speaks of both is not believed of the domain:
        "554 5.7.1 Relaying denied: your IP has no reverse DNS",
    ],
    About.LOGIN: [
        "530 5.7.0 Authentication required",
        "550 Authentication is required for relay",
        "535 no",
        "550 5.7.1 Please log in first",
    ],
    About.UNCLEAR: [
        "550 5.7.1 no",
        "554 no",
        "450 4.2.0 <postmaster@it.test>: Recipient address rejected: Greylisted, see you later",
        "451 4.3.2 Service currently unavailable",
        "450 4.1.2 <postmaster@it.test>: Recipient address rejected: Domain not found",
        "550 Unrouteable address",
        "554 5.7.1 <postmaster@it.test>: Recipient address rejected: Access denied",  # Postfix
        # What it repeats of our words says nothing:
        "550 5.7.1 <postmaster@relaying-denied.test>: no",
        "550 postmaster@user-unknown.test: no",
    ],
}


@pytest.mark.parametrize(
    ("text", "expected"), [(text, what) for what, texts in CASES.items() for text in texts]
)
def test_what_it_is_about(text: str, expected: About) -> None:
    lines = text.split("|")
    assert about(reply(int(text[:3]), *[line[4:] for line in lines])) is expected


@pytest.mark.parametrize(
    ("text", "apart"),
    [
        ("452 4.5.3 Too many recipients", True),
        ("451 4.3.0 Multiple destination domains per transaction is unsupported.", True),
        ("451 4.7.1 one domain per session, please", True),
        ("450 4.2.0 Greylisted", False),
        ("552 5.5.3 Too many recipients", False),
    ],
)
def test_who_is_wanted_by_itself(text: str, apart: bool) -> None:
    assert wants_apart(reply(int(text[:3]), text[4:])) is apart
