"""BIND as the primary of zones that change by nsupdate, with a key; its own tools beside it."""

from __future__ import annotations

import base64
import subprocess
from collections.abc import Mapping
from pathlib import Path

import dns.exception
import dns.message
import dns.query
import dns.tsig
import dns.tsigkeyring
import dns.zone

from tests.integration.servers import room
from tests.integration.servers.server import Server

__all__ = ["Bind"]

_KEY, _SECRET = "operator", base64.b64encode(b"of the tests alone").decode()


class Bind(Server):
    """`zones`: whole texts, each with SOA and NS. The root is there too, empty."""

    def __init__(self, directory: Path, address: str, *, zones: Mapping[str, str]) -> None:
        super().__init__(directory, address, 53)
        root = [
            "@ 1 SOA ns.root.example. admin.root.example. 1 60 60 3600 1",
            "@ 1 NS ns.root.example.",
            f"ns.root.example. 1 A {address}",
        ]
        self.zones = {".": "\n".join(root) + "\n", **zones}

    def configure(self) -> list[str]:
        folder = self.directory / "zones"
        folder.mkdir(exist_ok=True)
        for zone, text in self.zones.items():
            (folder / _file(zone)).write_text(text)
        (self.directory / "key").write_text(_key())
        zones = "".join(
            f'zone "{zone}" {{ type primary; file "zones/{_file(zone)}"; '
            f'allow-update {{ key "{_KEY}"; }}; }};\n'
            for zone in self.zones
        )
        (self.directory / "named.conf").write_text(f"""\
options {{
  directory "/srv";
  listen-on port 53 {{ {self.address}; }};
  listen-on-v6 {{ none; }};
  pid-file none;
  session-keyfile "/srv/session.key";
  recursion no;
  notify no;
  minimal-responses no-auth;
  allow-transfer {{ key "{_KEY}"; }};
  dnssec-validation no;
}};
controls {{ }};
{_key()}
{zones}""")
        return ["/opt/usr/sbin/named", "-g", "-n", "1", "-c", "/srv/named.conf"]

    def answers(self) -> bool:
        query = dns.message.make_query(".", "SOA")
        try:
            return bool(dns.query.udp(query, self.address, timeout=0.5).answer)
        except dns.exception.DNSException as error:
            raise OSError(str(error)) from error

    def dump(self, zone: str) -> str:
        """A zone as it is now, sorted, without its serial: by transfer, with the key."""
        keyring = dns.tsigkeyring.from_text({_KEY: _SECRET})
        transfer = dns.query.xfr(
            self.address,
            zone,
            keyring=keyring,
            keyname=_KEY,
            keyalgorithm=dns.tsig.HMAC_SHA256,
            relativize=False,
        )
        found = dns.zone.from_xfr(transfer, relativize=False)
        lines = found.to_text(relativize=False).splitlines()
        return "".join(sorted(f"{_numberless(line)}\n" for line in lines))

    def texts(self, name: str) -> set[bytes]:
        """The texts of a name's TXT records, the strings of each together."""
        query = dns.message.make_query(name, "TXT")
        answer = dns.query.tcp(query, self.address, timeout=5).answer
        return {b"".join(rdata.strings) for rrset in answer for rdata in rrset}

    def update(self, script: Path) -> subprocess.CompletedProcess[str]:
        """Run a script by nsupdate, as an operator would."""
        folder = self.directory / "operator"
        folder.mkdir(exist_ok=True)
        (folder / "key").write_text(_key())
        (folder / "script").write_bytes(script.read_bytes())
        argv = ["/opt/usr/bin/nsupdate", "-k", "/srv/key", "/srv/script"]
        return self._tool(argv, folder)

    def check(self, zone: str) -> str:
        """What is said against the zone as it is now (see `check_zone`)."""
        folder = self.directory / "checked"
        folder.mkdir(exist_ok=True)
        (folder / "zone").write_text(self.dump(zone))
        return check_zone(folder, zone)

    def _tool(self, argv: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            room.command(argv, folder), capture_output=True, text=True, timeout=60, check=False
        )


def _numberless(line: str) -> str:
    words = line.split(" ")
    if words[3] == "SOA":
        words[6] = "0"
    return " ".join(words)


def check_zone(folder: Path, zone: str) -> str:
    """What the two programs say against `folder`/zone; "" where both take it."""
    said = ""
    for argv in (
        ["/opt/usr/bin/named-checkzone", "-i", "none", zone, "/srv/zone"],
        ["/opt/usr/sbin/nsd-checkzone", zone, "/srv/zone"],
    ):
        done = subprocess.run(
            room.command(argv, folder), capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            said += done.stdout + done.stderr
    return said


def _key() -> str:
    return f'key "{_KEY}" {{ algorithm hmac-sha256; secret "{_SECRET}"; }};\n'


def _file(zone: str) -> str:
    return f"{zone.rstrip('.') or 'root'}.zone"
