"""A DNS as an audit meets it: NSD with many domains, and unbound before it with Debian's defaults.

Of the 24 names that are guessed of each domain 6 exist: two are CNAMEs to the domain, one leads
elsewhere; every third domain has IPv6. The domains are behind one scanner, on 250 servers.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.integration.servers.dns import Nsd, Unbound

__all__ = ["GUESSES", "Resolver", "customers", "domain_of", "exists", "names"]

GUESSES = (
    *("", "mail", "smtp", "www", "webmail", "mx", "mx1", "mail1", "mail2", "imap", "pop", "pop3"),
    *("ftp", "cpanel", "whm", "webdisk", "cpcontacts", "cpcalendars", "autodiscover"),
    *("autoconfig", "owa", "exchange", "remote", "relay"),
)
"""What stands before the domain; nothing for the domain itself."""

ZONE = "customers.example"
EXIST = frozenset(("", "mail", "www", "webmail", "ftp", "autodiscover"))


def exists(guess: str) -> bool:
    """Whether there is such a name below each domain."""
    return guess in EXIST


def domain_of(number: int) -> str:
    """The name of a domain."""
    return f"d{number}.{ZONE}"


def customers(number: int) -> dict[str, str]:
    """The zones of so many domains, for `Nsd`."""
    text = ["$TTL 3600", "autodiscover A 192.0.2.99", *map("\n".join, map(_records, range(number)))]
    return {ZONE: "\n".join(text)}


def _records(number: int) -> Iterator[str]:
    name, server = f"d{number}", number % 250 + 1
    yield f"{name} MX 10 mx1.scanner.example."
    yield f"{name} MX 20 mx2.scanner.example."
    yield f'{name} TXT "v=spf1 include:spf.scanner.example ip4:203.0.113.{server} -all"'
    yield f"autodiscover.{name} CNAME autodiscover"
    for alias in ("www", "ftp"):
        yield f"{alias}.{name} CNAME {name}"
    for host in (name, f"mail.{name}", f"webmail.{name}"):
        yield f"{host} A 203.0.113.{server}"
        if number % 3 == 0:
            yield f"{host} AAAA 2001:db8::{server:x}"


class Resolver(Unbound):
    """unbound as Debian starts it: one thread, its caches and limits as they come."""

    def configure(self) -> list[str]:
        command = super().configure()
        host, port = self.root
        (self.directory / "unbound.conf").write_text(f"""\
server:
  interface: {self.address}@{self.port}
  access-control: 0.0.0.0/0 allow
  do-daemonize: no
  use-syslog: no
  logfile: ""
  username: ""
  chroot: ""
  directory: /srv
  pidfile: ""
  module-config: "iterator"
  do-not-query-localhost: no
  local-zone: "example." nodefault
remote-control:
  control-enable: no
stub-zone:
  name: "."
  stub-addr: {host}@{port}
""")
        return command

    def forget(self) -> None:
        """Start it anew: it knows nothing."""
        self.stop()
        self.start()


def names(directory: Path, number: int) -> tuple[Nsd, Resolver]:
    """Both, not yet started; the resolver's address is 127.0.0.1."""
    nsd = Nsd(directory / "nsd", "127.0.0.53", zones=customers(number))
    return nsd, Resolver(directory / "unbound", "127.0.0.1", root=("127.0.0.53", 53))
