"""The ready mend for a server: who alone may bring mail for these domains, in its own language.

Domains are A-labels and networks are numbers, so nothing in here needs quoting or could break out
of it. The networks are those of the scanners in front of the domains. A server that is shut by the
packet filter refuses the connection: a packet that is dropped proves nothing to who tests again.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Network, IPv6Network, collapse_addresses
from typing import NamedTuple

from mxward.networks import Address, Network, Networks

__all__ = ["Fix", "SAID", "fixes"]

SAID = "mail for this domain is taken at its MX only"
"""What the client is told; the auditor knows it again."""

_MOST = 12  # domains that are written out
_DOMAIN = re.compile(r"[a-z0-9_.-]+")


class Fix(NamedTuple):
    """One way to shut a door: for which software, and the text."""

    of: str
    text: str


def fixes(domains: Sequence[str], networks: Networks, address: Address | None) -> tuple[Fix, ...]:
    """For Exim, Postfix and nftables. Raises ValueError where a name is no domain."""
    for domain in domains:
        if not _DOMAIN.fullmatch(domain):
            raise ValueError(f"{domain!r} is no domain")
    if not networks or address is None:
        return ()
    places = _collapsed(networks)
    return (
        Fix("Exim", _exim(domains, places)),
        Fix("Postfix", _postfix(domains, places)),
        Fix("nftables", _nftables(places, address)),
    )


def _collapsed(networks: Networks) -> list[Network]:
    v4 = collapse_addresses(n for n in networks if isinstance(n, IPv4Network))
    v6 = collapse_addresses(n for n in networks if isinstance(n, IPv6Network))
    return [*v4, *v6]


def _short(network: Network) -> str:
    whole = network.prefixlen == network.max_prefixlen
    return str(network.network_address if whole else network)


def _exim(domains: Sequence[str], places: Iterable[Network]) -> str:
    hosts = " ; ".join(map(_short, places))
    if len(domains) <= _MOST:
        before, names = "", f"<; {' ; '.join(domains)}"
    else:
        before = f"# /etc/exim4/fronted: the {len(domains):,} domains of this finding, one a line\n"
        names = "lsearch;/etc/exim4/fronted"
    return f"""\
{before}# first in the ACL of acl_smtp_rcpt
deny
  message        = 5.7.1 {SAID}
  domains        = {names}
  !hosts         = <; {hosts}
  !authenticated = *"""


def _postfix(domains: Sequence[str], places: Iterable[Network]) -> str:
    """Not by the client's restriction: what that says is about the client, and proves nothing."""
    names = "\n".join(f"{domain}  from_scanner" for domain in domains[:_MOST])
    more = len(domains) - _MOST
    rest = f"\n# and {more:,} more: all domains of this finding" if more > 0 else ""
    clients = "\n".join(f"{_short(network)}  OK" for network in places)
    return f"""\
# main.cf; what comes after check_recipient_access is not asked of the scanner's mail
smtpd_restriction_classes = from_scanner
from_scanner = check_client_access cidr:/etc/postfix/scanner_clients,
  check_recipient_access static:{{REJECT 5.7.1 {SAID}}}
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
  reject_unauth_destination, check_recipient_access hash:/etc/postfix/fronted
# /etc/postfix/fronted, then: postmap /etc/postfix/fronted
{names}{rest}
# /etc/postfix/scanner_clients
{clients}"""


def _nftables(places: Sequence[Network], address: Address) -> str:
    family = "ip" if address.version == 4 else "ip6"
    kind = "ipv4_addr" if address.version == 4 else "ipv6_addr"
    mine = [_short(network) for network in places if network.version == address.version]
    elements = f"; elements = {{ {', '.join(mine)} }}" if mine else ""
    return f"""\
# only where every domain of this server is behind the scanner: it shuts port 25 for all of them
table inet fronted {{
  set scanner {{ type {kind}; flags interval{elements}; }}
  chain input {{
    type filter hook input priority filter; policy accept;
    {family} daddr {address} tcp dport 25 {family} saddr != @scanner reject with tcp reset
  }}
}}"""
