"""Postfix three ways: as a proxy (smtpd_proxy_filter), refusing by an access table, and as the mail
server behind a proxy. What is delivered goes to discard(8), so that the queue's work is the same.
"""

from __future__ import annotations

import subprocess
from pathlib import Path

from benchmarks.peers.mxward import DOMAINS
from tests.integration.servers import Postfix, room

__all__ = ["PostfixFilter", "PostfixMailServer", "PostfixRefusing"]

_DISCARD = "discard unix - - n - - discard\n"
_MAPS = "lmdb postfix-lmdb.so dict_lmdb_open mkmap_lmdb_open\n"


class PostfixMailServer(Postfix):
    """On port 25 for clients, 10025 for PROXY v2, 10026 for XCLIENT, one after another."""

    def __init__(self, directory: Path, address: str) -> None:
        settings = "virtual_transport = discard:\nvirtual_mailbox_maps = static:all\n"
        super().__init__(directory, address, domains=DOMAINS, proxy_port=10025, settings=settings)

    def _inet_services(self) -> str:
        services = super()._inet_services() + _DISCARD
        services += f"{self.address}:10026 inet n - n - - smtpd\n"
        return services + "  -o smtpd_authorized_xclient_hosts=static:all\n"


class PostfixFilter(Postfix):
    """smtpd as a proxy before `upstream`: nothing is queued."""

    def __init__(self, directory: Path, address: str, upstream: tuple[str, int]) -> None:
        settings = f"smtpd_proxy_filter = inet:{upstream[0]}:{upstream[1]}\n"
        super().__init__(directory, address, domains=DOMAINS, settings=settings)


class PostfixRefusing(Postfix):
    """smtpd with an access table in which each domain has a 550."""

    def __init__(self, directory: Path, address: str) -> None:
        settings = "smtpd_recipient_restrictions = check_recipient_access lmdb:/srv/access\n"
        super().__init__(directory, address, domains=DOMAINS, settings=settings)

    def configure(self) -> list[str]:
        command = super().configure()
        with (self.directory / "dynamicmaps.cf").open("a") as maps:
            maps.write(_MAPS)
        rejects = "".join(f"{name} 550 5.7.1 use the MX\n" for name in DOMAINS)
        self._write("access", rejects)
        postmap = ["/opt/usr/sbin/postmap", "-c", "/srv", "lmdb:/srv/access"]
        subprocess.run(room.command(postmap, self.directory), check=True, capture_output=True)
        return command
