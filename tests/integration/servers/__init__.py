"""Real mail and DNS servers for tests, each started from an empty directory and gone afterwards.

    with Postfix(tmp_path / "mail", "127.0.1.1", domains=["it.co.za"], proxy_port=10025) as postfix:
        swaks("127.0.1.1", "shaun@it.co.za", source="198.51.100.7")
        assert postfix.count("shaun@it.co.za") == 1

Tests that use them bear `pytestmark = pytest.mark.real`. They run in a network of their own, so any
address and any port is free: give each server an address, and the well-known ports.

    room        where programs run: packages at /opt, their directory at /srv, their own users
    server      start, stop, kill, wait until ready
    mailserver  what Postfix and Exim share: mailboxes, the queue
    postfix, exim, scanner, sender, dns, sink    one recipe each
    clients     swaks and smtp-source
"""

from tests.integration.servers.clients import Session, smtp_source, swaks
from tests.integration.servers.dns import Nsd, Unbound
from tests.integration.servers.exim import Exim
from tests.integration.servers.mailserver import Mail, MailServer
from tests.integration.servers.postfix import Postfix
from tests.integration.servers.scanner import Scanner
from tests.integration.servers.sender import EximSender, PostfixSender, hand_over
from tests.integration.servers.server import Server, ServerError
from tests.integration.servers.sink import SmtpSink

__all__ = [
    "Exim",
    "EximSender",
    "Mail",
    "MailServer",
    "Nsd",
    "Postfix",
    "PostfixSender",
    "Scanner",
    "Server",
    "ServerError",
    "Session",
    "SmtpSink",
    "Unbound",
    "hand_over",
    "smtp_source",
    "swaks",
]
