"""What an operator does with the packet filter, and what must be known before."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mxward.lockdown.written import Step
from mxward.networks import Network

__all__ = ["UNIT", "apply", "check", "know", "roll_back", "unit"]

UNIT = "mxward-lockdown.service"
_PLAIN = re.compile(r"/[A-Za-z0-9._/-]+")
_FOR_USERS = frozenset((465, 587))


def unit(path: str) -> str:
    """A unit that loads the rules at each start, and again after nftables.service, which flushes
    all that it finds. Raises ValueError for a path that would have to be quoted.
    """
    if not _PLAIN.fullmatch(path):
        raise ValueError(f"--installed: {path!r}: take a path of letters, digits and ._-/ only")
    return f"""\
[Unit]
Description=mxward lockdown: SMTP from front doors only
Wants=network-pre.target
Before=network-pre.target shutdown.target
After=nftables.service
PartOf=nftables.service
ReloadPropagatedFrom=nftables.service
Conflicts=shutdown.target
DefaultDependencies=no

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {path}
ExecReload=/usr/sbin/nft -f {path}
ExecStop=-/usr/sbin/nft delete table inet mxward_lockdown
ProtectSystem=full
ProtectHome=true

[Install]
WantedBy=sysinit.target
"""


def apply(
    table: str, file: str, place: str, *, refuses: bool, command: str, in_place: bool
) -> tuple[Step, ...]:
    """In order; `in_place` where the files are written to their place at once."""
    install = (
        f"install -d {place}",
        f"install -m 644 {file} {UNIT} README.md mxward.json {place}/",
    )
    load = (
        f"install -m 644 {UNIT} /etc/systemd/system/",
        "systemctl daemon-reload",
        f"systemctl enable --now {UNIT}",
        f"nft -f {place}/{file}",
    )
    steps = [
        Step("Read the rules, and let nft read them. Nothing is loaded.", (f"nft -c -f {file}",)),
        Step(
            "The first time, try them for a minute, and let somebody send mail meanwhile. "
            "Connections under way go on.",
            (f"nft -f {file} && sleep 60; nft delete table {table}",),
        ),
        Step(
            "Put the files into their place, and load them at each start, and now. Later, when "
            "they are written again, only the last line loads them: without a gap.",
            load if in_place else (*install, *load),
        ),
    ]
    if not refuses:
        steps.append(
            Step(
                "Nothing is refused yet. Look for two weeks at who would be, then write the rules "
                "that refuse, by the logs of those weeks:",
                (f"{command} --stage refuse --logs /var/log/mail.log",),
            )
        )
    return tuple(steps)


def check(table: str, command: str) -> tuple[Step, ...]:
    """Whether it works, and whether it is still right."""
    return (
        Step("What is loaded, with its counters.", (f"nft list counters table {table}",)),
        Step("Who was logged: at most ten a second.", ("journalctl -k --grep mxward-lockdown",)),
        Step(
            "Whether the files still are what the inventory and the DNS want, and are loaded: from "
            "cron, once an hour. 4 means: write them again, and load them.",
            (f"{command} --check --loaded",),
        ),
    )


def roll_back(table: str, place: str) -> tuple[Step, ...]:
    """All of it is gone at once."""
    return (
        Step("Take the rules away.", (f"nft delete table {table}",)),
        Step(
            "And for good.",
            (f"systemctl disable --now {UNIT}", f"rm /etc/systemd/system/{UNIT}", f"rm -r {place}"),
        ),
    )


def know(
    servers: Sequence[Network], ports: Sequence[int], networks: int, *, refuses: bool, looked: bool
) -> tuple[str, ...]:
    """What the rules do, and what they cannot; `looked`: into logs, for whom they shut out."""
    done = (
        "New connections are refused with a TCP reset"
        if refuses
        else "Stage log: nothing is refused, new connections are counted and logged"
    )
    them = ", ".join(str(net).removesuffix(f"/{net.max_prefixlen}") for net in servers)
    told = [
        f"{done}, at {_ports(ports)} of {them}, from all but {networks:,} addresses and networks: "
        "those of front doors, and of clients that are trusted by their address. Connections under "
        "way, other ports and other addresses are left alone, and so is what comes by `lo`.",
        "A firewall knows no domains: whoever may bring mail for one may bring it for all. It "
        "knows no certificates and no names either: a scanner or a trusted client that is known "
        "by one of these only is refused.",
    ]
    missing = {4, 6} - {net.version for net in servers}
    told += [
        f"**No IPv{version} address is named.** Where the mail server has one, it is a back door "
        "that stays open."
        for version in missing
    ]
    if refuses and not looked:
        told.append(
            "**Nobody has looked who would be shut out**: write the rules with `--logs`, by the "
            "mail server's logs of two weeks."
        )
    users = sorted(_FOR_USERS.intersection(ports))
    if users:
        told.append(
            f"**{_ports(users)}: users authenticate there**, and a firewall cannot see that they "
            "do. All of them are shut out who are not in these networks."
        )
    else:
        told.append(
            "465 and 587 are left open, for users authenticate there, which a firewall cannot see: "
            "let the mail server take mail at them from authenticated users only. Users who "
            "authenticate at port 25 are shut out."
        )
    return tuple(told)


def _ports(ports: Sequence[int]) -> str:
    named = ", ".join(map(str, ports))
    return f"port {named}" if len(ports) == 1 else f"ports {named}"
