"""A scanner: what a domain's MX names. It refuses the EICAR test string at the end of DATA, and
hands all other mail for its domains on to the mail server behind, from an address of its own.

It is Postfix with body_checks, so it stores and forwards as cloud scanners do: its 250 comes before
the mail server has seen the message, and it tries again every few seconds while that one is away.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from tests.integration.servers import room
from tests.integration.servers.postfix import Postfix

# The test string's middle, as text and at the three offsets that base64 can put it; no file here
# holds it whole, so that no virus scanner takes the checkout for infected.
_REFUSAL = "REJECT 5.7.1 virus found: EICAR test string"
_BODY_CHECKS = f"""\
/EICAR-STANDARD-ANTIVIRUS-TEST-FILE/ {_REFUSAL}
/(RUlDQVItU1RBTkRBUkQt|VJQ0FSLVNUQU5EQVJELU|FSUNBUi1TVEFOREFSRC)/ {_REFUSAL}
"""


class Scanner(Postfix):
    """A scanner on `address` (where the MX leads) for `domains`, with `egress` as its own source.

    `behind` is the mail server's address and port, or mxward's.
    """

    def __init__(
        self,
        directory: Path,
        address: str,
        port: int = 25,
        *,
        domains: Iterable[str],
        behind: tuple[str, int],
        egress: str,
        hostname: str = "mx.scanner.example",
    ) -> None:
        super().__init__(directory, address, port, hostname=hostname)
        self.relayed_domains = tuple(domains)
        self.behind = behind
        self.egress = egress

    def configure(self) -> list[str]:
        room.own(self.egress)
        host, port = self.behind
        bind = "smtp_bind_address6" if ":" in self.egress else "smtp_bind_address"
        self.settings = f"""\
relay_domains = texthash:/srv/relayed
relay_transport = relay:[{host}]:{port}
mynetworks = 127.0.0.1
body_checks = pcre:/srv/body_checks
{bind} = {self.egress}
"""
        self._write("relayed", "".join(f"{domain} here\n" for domain in self.relayed_domains))
        self._write("body_checks", _BODY_CHECKS)
        return super().configure()
