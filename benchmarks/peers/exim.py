"""Exim refusing by an ACL at RCPT: it starts a process for each connection, and looks each
recipient's domain up in a file.
"""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.peers.mxward import DOMAINS
from tests.integration.servers import Server, room
from tests.integration.servers.server import greets

__all__ = ["EximRefusing"]

_CONFIGURATION = """\
primary_hostname = mail.provider.example
exim_path = /opt/usr/sbin/exim4
spool_directory = /srv/spool
log_file_path = /srv/logs/%s
write_rejectlog = false
pid_file_path = /srv/exim.pid
keep_environment = LD_LIBRARY_PATH
local_interfaces = <; [{address}]:25
acl_smtp_rcpt = rcpt
tls_advertise_hosts =
rfc1413_query_timeout = 0s
host_lookup =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0

begin acl
rcpt:
  deny    domains = lsearch;/srv/domains
          message = 5.7.1 use the MX
  accept
"""


class EximRefusing(Server):
    """Exim, refusing every recipient in DOMAINS."""

    def __init__(self, directory: Path, address: str) -> None:
        super().__init__(directory, address, 25)

    def configure(self) -> list[str]:
        for name in ("spool", "logs"):
            (self.directory / name).mkdir(exist_ok=True)
            os.chown(self.directory / name, room.USERS["Debian-exim"], room.USERS["Debian-exim"])
        (self.directory / "domains").write_text("".join(f"{name}:\n" for name in DOMAINS))
        (self.directory / "exim.conf").write_text(_CONFIGURATION.format(address=self.address))
        return ["/opt/usr/sbin/exim4", "-C", "/srv/exim.conf", "-bdf"]

    def answers(self) -> bool:
        return greets(self.address, self.port)
