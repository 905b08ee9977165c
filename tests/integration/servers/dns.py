"""Real DNS: NSD with the zones that a test gives, and unbound before it as the resolver."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from pathlib import Path

import dns.exception
import dns.message
import dns.name
import dns.query
import dns.rdatatype

from tests.integration.servers.server import Server

_TTL = 1  # seconds, also for what does not exist: a change is seen soon


class Nsd(Server):
    """NSD with `zones`: {"it.co.za": "@ MX 10 mx.scanner.example."}, each without SOA and NS.

    A zone whose text is None cannot be loaded, so its names end in SERVFAIL. The root zone is there
    too, empty, so every other name does not exist.
    """

    def __init__(
        self, directory: Path, address: str, port: int = 53, *, zones: Mapping[str, str | None]
    ) -> None:
        super().__init__(directory, address, port)
        self.zones: dict[str, str | None] = {".": "", **zones}
        self._serial = 0

    def configure(self) -> list[str]:
        self._write_zones()
        server = f"""\
server:
  ip-address: {self.address}@{self.port}
  username: ""
  chroot: ""
  database: ""
  zonesdir: /srv/zones
  pidfile: ""
  xfrdfile: ""
  xfrdir: /srv
  zonelistfile: /srv/zone.list
  server-count: 1
  rrl-ratelimit: 0
remote-control:
  control-enable: no
"""
        zones = "".join(
            f"zone:\n  name: {zone}\n  zonefile: {_file(zone)}\n" for zone in self.zones
        )
        (self.directory / "nsd.conf").write_text(server + zones)
        return ["/opt/usr/sbin/nsd", "-d", "-c", "/srv/nsd.conf"]

    def answers(self) -> bool:
        """Whether the newest zones are served."""
        reply = _ask(self.address, self.port, ".", "SOA")
        return bool(reply.answer) and reply.answer[0][0].serial == self._serial

    def change(self, zone: str, text: str | None) -> None:
        """Give a zone that was there at the start another text. In force when this returns."""
        assert zone in self.zones, "a new zone needs a new start"
        self.zones[zone] = text
        self._write_zones()
        os.kill(self.pid, signal.SIGHUP)
        self.wait_until(self.answers, 5, "the changed zone is served")

    def _write_zones(self) -> None:
        self._serial += 1
        directory = self.directory / "zones"
        directory.mkdir(exist_ok=True)
        for zone, text in self.zones.items():
            path = directory / _file(zone)
            if text is None:
                path.unlink(missing_ok=True)
                continue
            path.write_text(
                f"$ORIGIN {zone.rstrip('.')}.\n$TTL {_TTL}\n"
                f"@ SOA ns.root.example. admin.root.example. {self._serial} 60 60 3600 {_TTL}\n"
                f"@ NS ns.root.example.\n{text}\n"
            )


class Unbound(Server):
    """unbound, whose root is an authoritative server of the test's.

    What NSD says it forgets within two seconds, that no server answered within five (both are
    fixed in it); `stop` and `start` empty its memory at once.
    """

    def __init__(
        self, directory: Path, address: str, port: int = 53, *, root: tuple[str, int]
    ) -> None:
        super().__init__(directory, address, port)
        self.root = root

    def configure(self) -> list[str]:
        host, port = self.root
        (self.directory / "unbound.conf").write_text(f"""\
server:
  interface: {self.address}@{self.port}
  access-control: 0.0.0.0/0 allow
  access-control: ::/0 allow
  do-daemonize: no
  use-syslog: no
  logfile: ""
  log-servfail: yes
  username: ""
  chroot: ""
  directory: /srv
  pidfile: ""
  num-threads: 1
  module-config: "iterator"
  do-not-query-localhost: no
  unblock-lan-zones: yes
  local-zone: "127.in-addr.arpa." nodefault
  local-zone: "test." nodefault
  local-zone: "invalid." nodefault
  local-zone: "localhost." nodefault
  qname-minimisation: no
  infra-host-ttl: 1
  infra-keep-probing: yes
  cache-max-negative-ttl: {_TTL}
  outbound-msg-retry: 1
  unknown-server-time-limit: 100
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: {host}@{port}
""")
        return ["/opt/usr/sbin/unbound", "-d", "-p", "-c", "/srv/unbound.conf"]

    def answers(self) -> bool:
        return bool(_ask(self.address, self.port, ".", "SOA").answer)


def _file(zone: str) -> str:
    return f"{zone.rstrip('.') or 'root'}.zone"


def _ask(address: str, port: int, name: str, kind: str) -> dns.message.Message:
    """One question by UDP. Raises OSError where no answer comes within 0.5 s."""
    query = dns.message.make_query(name, kind)
    try:
        return dns.query.udp(query, address, timeout=0.5, port=port)
    except dns.exception.DNSException as error:
        raise OSError(str(error)) from error
