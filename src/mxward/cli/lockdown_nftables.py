"""`mxward lockdown nftables`: a packet filter for the mail server's own addresses."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import click

from mxward.cli.lockdown_again import again
from mxward.cli.lockdown_options import CODES, Asked, lockdown_options
from mxward.cli.lockdown_run import run
from mxward.config import Config
from mxward.intercept.kernel import KernelError
from mxward.intercept.loaded import read as kernel_has
from mxward.lockdown.all_or_nothing import let_in
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.nftables import TABLE, Filter, fingerprint, shape, write
from mxward.lockdown.plan import Plan
from mxward.lockdown.written import Written
from mxward.networks import Network, network

__all__ = ["nftables"]

_INSTALLED = "/etc/mxward/nftables"
_PORTS = "25,26,2525"
_HELP = f"""Write a packet filter that takes SMTP from front doors and trusted clients only.

The mail server's addresses are those of server.addresses and intercept.servers in the
configuration, or --server; domains that are named with --server are all that these serve. At stage
log nothing is refused: who would be is counted, and logged. At stage refuse new connections of
everybody else are reset; connections under way go on.

A firewall knows neither domains nor users. So rules that refuse are not written where an address
also serves a domain that no known scanner stands in front of, or whose stage is observe; nor where
--logs show honest senders who would be shut out. They are listed, and --even-so writes them all the
same. Users authenticate at 465 and 587: these are left open unless --ports says otherwise.

\b
Examples: mxward lockdown nftables --out /root/nftables
          mxward lockdown nftables --stage refuse --logs /var/log/exim4/mainlog.1
          mxward lockdown nftables --stage refuse --server 192.0.2.25 --server 2001:db8::25
          mxward lockdown nftables --stage refuse --check --loaded

{CODES}"""


def _servers(
    context: click.Context, option: click.Parameter, given: tuple[str, ...]
) -> tuple[Network, ...]:
    try:
        if any("%" in each for each in given):
            raise ValueError("name an address without a zone (%eth0)")
        return tuple(map(network, given))
    except ValueError as why:
        raise click.BadParameter(str(why), context, option) from None


def _ports(context: click.Context, option: click.Parameter, given: str) -> tuple[int, ...]:
    words = given.split(",")
    if not all(word.strip().isdecimal() and 0 < int(word) < 65_536 for word in words):
        raise click.BadParameter(f"{given!r}: name ports as 25,26,2525", context, option)
    return tuple(sorted(set(map(int, words))))


@click.command(help=_HELP)
@lockdown_options("nftables", _INSTALLED, is_all=True)
@click.option(
    "--server",
    "servers",
    metavar="ADDRESS",
    multiple=True,
    callback=_servers,
    help="An address of the mail server, or a network; repeatable.  [default: as configured]",
)
@click.option(
    "--ports",
    default=_PORTS,
    show_default=True,
    metavar="PORTS",
    callback=_ports,
    help="The SMTP ports to shut.",
)
@click.option(
    "--stage",
    type=click.Choice(["log", "refuse"]),
    default="log",
    show_default=True,
    help="Only log and count, or refuse.",
)
@click.option(
    "--logs",
    metavar="LOG",
    multiple=True,
    help="Look in logs, or tables of `mxward ingest`, for who would be shut out; repeatable.",
)
@click.option("--zone", metavar="ZONE", help="The time zone of logs that do not tell theirs.")
@click.option(
    "--loaded", is_flag=True, help="With --check: ask this machine's kernel for the rules, too."
)
@click.option("--even-so", is_flag=True, help="Write rules that refuse, whoever is shut out.")
def nftables(
    asked: Asked,
    servers: tuple[Network, ...],
    ports: tuple[int, ...],
    stage: str,
    logs: tuple[str, ...],
    zone: str | None,
    loaded: bool,
    even_so: bool,
) -> None:
    """Find out whose addresses, and write by that."""
    if (asked.domains or asked.file) and not servers:
        raise click.UsageError(
            "a firewall shuts an address for all its domains: name by --server one that serves "
            "these domains and no others"
        )

    def rules(found: Plan, config: Config, _: Ledger) -> Written:
        here = servers or _configured(config)
        command = again("nftables", asked, _options(servers, ports, stage, even_so=even_so))
        place = str(asked.installed.absolute())
        in_place = asked.out.absolute() == asked.installed.absolute()
        refuses = stage == "refuse"
        wanted = Filter(here, ports, refuses, even_so, bool(logs), place, command, in_place)
        written = write(found, wanted)
        if logs:
            from mxward.cli.lockdown_cut_off import look

            look(asked.path, logs, zone, wanted, let_in(found))
        if asked.compares and loaded:
            return replace(written, unmet=tuple(_unmet(wanted, let_in(found))))
        return written

    run(asked, rules)


def _unmet(wanted: Filter, clients: Iterable[Network]) -> Iterator[str]:
    """Why the kernel's rules are not these. Raises ValueError where it cannot be asked."""
    try:
        there = kernel_has(TABLE)
    except KernelError as error:
        raise ValueError(str(error)) from None
    if not there.rules:
        yield f"nothing is loaded: there is no table {TABLE}"
    elif (there.fingerprint, there.rules) != (fingerprint(wanted, clients), shape(wanted)):
        yield f"other rules are loaded, in table {TABLE}"


def _configured(config: Config) -> tuple[Network, ...]:
    """Raises ValueError where none is."""
    named = tuple(network(str(address)) for address in config.server.addresses)
    found = tuple(dict.fromkeys((*named, *config.intercept.servers)))
    if not found:
        raise ValueError(
            "which addresses has the mail server? Write server.addresses into the configuration, "
            "or give --server"
        )
    return found


def _options(
    servers: tuple[Network, ...], ports: tuple[int, ...], stage: str, *, even_so: bool
) -> list[str]:
    """What was typed of those of this way."""
    words = [word for each in servers for word in ("--server", _short(each))]
    if ports != tuple(map(int, _PORTS.split(","))):
        words += ["--ports", ",".join(map(str, ports))]
    words += ["--stage", stage] if stage != "log" else []
    return [*words, "--even-so"] if even_so else words


def _short(net: Network) -> str:
    return str(net).removesuffix(f"/{net.max_prefixlen}")
