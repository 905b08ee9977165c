"""Accept rules for Exim 4.94 and later: statements for the ACL of RCPT, and the tables they read.

The statements only name paths and stay the same; what moves is in the tables, which Exim opens anew
for each connection. A file's name comes from a table, never from what a client says, so Exim lets
it be opened (it is not tainted). What each RCPT costs is one look-up by the domain, whatever their
number (with `lsearch`: by their number), and one by the client where the domain has a rule.

Where the networks of a domain are missing, it is deferred, and left alone in stage observe. Where
the table of domains is missing, all are left alone, and the log says so at each recipient. A table
that Exim may not read defers: the steps make them readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from mxward.lockdown.cdb import cdb
from mxward.lockdown.exim_steps import For, apply, check, know, roll_back
from mxward.lockdown.groups import Group
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.tables import SAID, Table, place, spellings, tables
from mxward.lockdown.written import Written
from mxward.networks import Network

__all__ = ["ACL", "For", "Kind", "write"]

ACL = "rcpt.acl"
_DOMAINS = "domains"


class Kind(StrEnum):
    """How the domains are looked up."""

    CDB = "cdb"
    LSEARCH = "lsearch"


_HEAD = """\
# Written by mxward lockdown exim: for the ACL that acl_smtp_rcpt names. It only warns, defers and
# denies; what it lets by goes on to the statements below it.

  warn    set acl_m_mxward =
          condition      = ${{if def:sender_host_address}}
          !authenticated = *
          set acl_m_mxward = ${{if exists{{{domains}}}\\
                             {{${{lookup{{$domain}}{kind}{{{domains}}}}}}}{{missing}}}}

  warn    condition      = ${{if eq{{$acl_m_mxward}}{{missing}}}}
          log_message    = mxward: every door is open, for {domains} is missing
"""
_STATEMENT = """
  {verb:7} condition      = ${{if eq{{${{extract{{1}}{{:}}{{$acl_m_mxward}}}}}}{{{verdict}}}}}
{more}          condition      = ${{lookup{{$sender_host_address}}iplsearch\\
                             {{{networks}}}{{no}}{{yes}}}}
{said}          log_message    = mxward: back door to $domain ({verdict})
"""
_NETWORKS = "{where}/${{extract{{2}}{{:}}{{$acl_m_mxward}}}}"
_IF_EXISTS = "          condition      = ${{if exists{{{networks}}}}}\n"
_SAID = "          message        = {text}\n"


def write(
    groups: Iterable[Group],
    installed: str,
    kind: Kind = Kind.CDB,
    variant: For = For.EXIM,
    command: str = "mxward lockdown exim",
) -> Written:
    """All of it, for files that go to `installed`; `command` writes the same again. Raises
    ValueError where a name will not do.
    """
    where = place(installed)
    found = tables(groups)
    domains = _domains(found)
    # A table of domains is put in its place after the networks that it names.
    files: dict[str, str | bytes] = {f"networks/{t.name}": _networks(t.networks) for t in found}
    name = f"{_DOMAINS}.cdb" if kind is Kind.CDB else _DOMAINS
    files[name] = _as_cdb(domains) if kind is Kind.CDB else _as_lines(domains)
    files[ACL] = _acl(kind, f"{where}/{name}", f"{where}/networks")
    strict = [d for t in found for d, verdict in t.domains.items() if verdict is not Verdict.WARN]
    return Written(
        title="Accept rules for Exim",
        files=files,
        apply=apply(variant, where, ACL),
        check=check(f"{kind}{{{where}/{name}}}", min(strict, default=None), command),
        roll_back=roll_back(variant, where, ACL),
        know=know(variant, where, command),
    )


def _acl(kind: Kind, domains: str, where: str) -> str:
    networks = _NETWORKS.format(where=where)
    statements = "".join(
        _STATEMENT.format(
            verb=verdict,
            verdict=verdict,
            networks=networks,
            more=_IF_EXISTS.format(networks=networks) if verdict is Verdict.WARN else "",
            said=_SAID.format(text=SAID[verdict]) if verdict in SAID else "",
        )
        for verdict in (Verdict.DENY, Verdict.DEFER, Verdict.WARN)
    )
    return _HEAD.format(kind=kind, domains=domains) + statements


def _domains(found: Iterable[Table]) -> Mapping[str, str]:
    """A verdict and a table's name, by each spelling of a domain."""
    pairs = ((d, f"{v}:{table.name}") for table in found for d, v in table.domains.items())
    told = {spelled: value for domain, value in pairs for spelled in spellings(domain)}
    return dict(sorted(told.items()))


def _as_cdb(domains: Mapping[str, str]) -> bytes:
    return cdb((domain.encode(), value.encode()) for domain, value in domains.items())


def _as_lines(domains: Mapping[str, str]) -> str:
    return "".join(f"{domain}: {value}\n" for domain, value in domains.items())


def _networks(networks: Iterable[Network]) -> str:
    """For iplsearch. A key with colons must stand in quotes."""
    return "".join(f'"{net}":\n' if net.version == 6 else f"{net}:\n" for net in networks)
