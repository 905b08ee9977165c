"""The ready mend for a server: who alone may bring mail for these domains, in its own language.

Domains are A-labels and networks are numbers, so nothing in here needs quoting or could break out
of it. The networks are those of the scanners in front of each domain. A server that is shut by the
packet filter refuses the connection: a packet that is dropped proves nothing to who tests again.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from mxward.networks import Address, Network, Networks, collapsed

__all__ = ["Fix", "Group", "SAID", "fixes"]

SAID = "mail for this domain is taken at its MX only"
"""What the client is told; the auditor knows it again."""

_MOST = 12  # domains that are written out
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_TRUSTED = "add whom else you trust"


class Fix(NamedTuple):
    """One way to shut a door: for which software, and the text."""

    of: str
    text: str


class Group(NamedTuple):
    """Domains behind the same scanners, and where those are known to deliver from."""

    scanners: tuple[str, ...]
    domains: tuple[str, ...]
    networks: Networks

    @property
    def named(self) -> str:
        """Their names."""
        return " and ".join(self.scanners)


def fixes(groups: Sequence[Group], address: Address | None) -> tuple[Fix, ...]:
    """For Exim, Postfix and nftables. Raises ValueError where a name is not what it should be.

    Domains whose scanner delivers from nobody knows where are left out, and named: a rule without
    its networks would lose all their mail.
    """
    for name in (name for group in groups for name in (*group.domains, *group.scanners)):
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no domain and no scanner")
    known = [group for group in groups if group.networks]
    if not known or address is None:
        return ()
    lost = "".join(map(_left_out, (group for group in groups if not group.networks)))
    found = [Fix("Exim", lost + _exim(known)), Fix("Postfix", lost + _postfix(known))]
    if not lost:
        found.append(Fix("nftables", _nftables(known, address)))
    return tuple(found)


def _left_out(group: Group) -> str:
    count = len(group.domains)
    them = group.domains[0] if count == 1 else f"{count:,} domains"
    return (
        f"# left out: {them} behind {group.named}: where that delivers from is not known; "
        "declare its egress\n"
    )


def _short(network: Network) -> str:
    whole = network.prefixlen == network.max_prefixlen
    return str(network.network_address if whole else network)


def _file(group: Group) -> str:
    """The name of a file, or of a class, for the domains of a group."""
    return "_".join(re.sub(r"[^a-z0-9]", "_", name.lower()) for name in group.scanners)


def _exim(groups: Sequence[Group]) -> str:
    lines = [f"# first in the ACL of acl_smtp_rcpt; {_TRUSTED} to the hosts"]
    for group in groups:
        hosts = " ; ".join(map(_short, collapsed(group.networks)))
        names = f"<; {' ; '.join(group.domains)}"
        if len(group.domains) > _MOST:
            path = f"/etc/exim4/behind_{_file(group)}"
            lines.append(f"# {path}: {len(group.domains):,} domains of this finding, one a line")
            names = f"lsearch;{path}"
        lines += [
            f"# behind {group.named}",
            "deny",
            f"  message        = 5.7.1 {SAID}",
            f"  domains        = {names}",
            f"  !hosts         = <; {hosts}",
            "  !authenticated = *",
        ]
    return "\n".join(lines)


def _postfix(groups: Sequence[Group]) -> str:
    """Not by the client's restriction: what that says is about the client, and proves nothing."""
    classes = [f"from_{_file(group)}" for group in groups]
    lines = [
        "# main.cf; what comes after check_recipient_access is not asked of the scanner's mail",
        f"smtpd_restriction_classes = {', '.join(classes)}",
    ]
    for name in classes:
        lines += [
            f"{name} = check_client_access cidr:/etc/postfix/{name},",
            f"  check_recipient_access static:{{REJECT 5.7.1 {SAID}}}",
        ]
    lines += [
        "smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,",
        "  reject_unauth_destination, check_recipient_access hash:/etc/postfix/fronted",
        "# /etc/postfix/fronted, then: postmap /etc/postfix/fronted",
    ]
    for name, group in zip(classes, groups, strict=True):
        lines += [f"{domain}  {name}" for domain in group.domains[:_MOST]]
        if len(group.domains) > _MOST:
            count = len(group.domains) - _MOST
            lines.append(f"# and {count:,} more: all domains of this finding behind {group.named}")
    for name, group in zip(classes, groups, strict=True):
        lines.append(f"# /etc/postfix/{name}; {_TRUSTED}")
        lines += [f"{_short(network)}  OK" for network in collapsed(group.networks)]
    return "\n".join(lines)


def _nftables(groups: Sequence[Group], address: Address) -> str:
    family = "ip" if address.version == 4 else "ip6"
    kind = "ipv4_addr" if address.version == 4 else "ipv6_addr"
    every = Networks(network for group in groups for network in group.networks)
    mine = [_short(net) for net in collapsed(every) if net.version == address.version]
    elements = f"; elements = {{ {', '.join(mine)} }}" if mine else ""
    return f"""\
# only where every domain of this server is behind a scanner: it shuts port 25 for all of them
# {_TRUSTED} to the set
table inet fronted {{
  set scanner {{ type {kind}; flags interval{elements}; }}
  chain input {{
    type filter hook input priority filter; policy accept;
    {family} daddr {address} tcp dport 25 {family} saddr != @scanner reject with tcp reset
  }}
}}"""
