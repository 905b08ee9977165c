"""Mail servers that send: Postfix and Exim as those out there that bring mail to us.

What they are given from their own host (127.0.0.1) they bring to the servers in `routes`, by
domain, from their own address: with STARTTLS where it is offered, or nowhere else (`encrypt`); with
PIPELINING, and Exim with CHUNKING too. Lines may be of any length.
"""

from __future__ import annotations

import smtplib
from collections.abc import Mapping
from pathlib import Path

from tests.integration.servers.exim import Exim
from tests.integration.servers.mailserver import MailServer
from tests.integration.servers.postfix import Postfix

__all__ = ["EximSender", "PostfixSender", "hand_over"]


class PostfixSender(Postfix):
    """Postfix, which logs each TLS handshake."""

    def __init__(
        self, directory: Path, address: str, routes: Mapping[str, str], *, encrypt: bool = False
    ) -> None:
        super().__init__(directory, address, hostname="mail.client.example")
        self.routes = routes
        self.encrypt = encrypt

    def configure(self) -> list[str]:
        self.settings = f"""\
defer_transports =
transport_maps = texthash:/srv/routes
smtp_bind_address = {self.address}
smtp_tls_security_level = {"encrypt" if self.encrypt else "may"}
smtp_tls_loglevel = 1
smtp_line_length_limit = 0
"""
        routes = (f"{domain} smtp:[{host}]:25\n" for domain, host in self.routes.items())
        self._write("routes", "".join(routes))
        return super().configure()


class EximSender(Exim):
    """Exim, whose log shows by `K` and `L` what went with CHUNKING and with PIPELINING."""

    def __init__(
        self, directory: Path, address: str, routes: Mapping[str, str], *, encrypt: bool = False
    ) -> None:
        super().__init__(directory, address, hostname="mail.client.example")
        routed = " ; ".join(f"{domain} {host}" for domain, host in routes.items())
        self.elsewhere = f"""\
elsewhere:
  driver = manualroute
  route_list = {routed}
  self = send
  transport = onward
"""
        self.transports = f"""\
onward:
  driver = smtp
  interface = {address}
  hosts_try_chunking = *
  hosts_require_tls = {"*" if encrypt else ""}
  tls_verify_hosts =
  tls_try_verify_hosts =
  message_linelength_limit = 1000000000
"""


def hand_over(
    sender: MailServer, message: bytes, *recipients: str, options: tuple[str, ...] = ()
) -> None:
    """Give a sending server a message, as a program on its own host does."""
    with smtplib.SMTP(sender.address, sender.port, "localhost", 30, ("127.0.0.1", 0)) as client:
        client.sendmail("sender@client.example", recipients, message, ["BODY=8BITMIME", *options])
