"""Accept rules for Postfix 3.7 and later: tables, restriction classes, and the least of main.cf.

main.cf gets one word in each list of recipients' restrictions, `mxward`: a class that lets by who
has authenticated, then looks the recipient's domain up. What it finds is a class again, for a table
cannot name a table: one for each table of networks and verdict, with a list of networks that ends
in the verdict for everybody else. A look-up costs the same however many domains there are.

The key of that look-up is the whole domain and nothing else (`pipemap` behind a `regexp` that takes
the domain out of the address): Postfix by itself would look for parent domains too, and shut a
domain by the rule of another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum

from mxward.lockdown.cdb import cdb
from mxward.lockdown.groups import Group
from mxward.lockdown.postfix_changes import Main, unmet
from mxward.lockdown.postfix_main import OURS
from mxward.lockdown.postfix_steps import apply, check, know, no_main, roll_back
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.tables import SAID, Table, place, spellings, tables
from mxward.lockdown.written import Written

__all__ = ["Kind", "Main", "write"]

_ADDRESS = "address.regexp"
_CLASSES = "main.cf.part"
_WARNS = "WARN mxward: back door"
_EVERYBODY = ("0.0.0.0/0", "::/0")


class Kind(StrEnum):
    """How the domains are looked up."""

    HASH = "hash"
    LMDB = "lmdb"
    CDB = "cdb"


def write(
    groups: Iterable[Group],
    installed: str,
    kind: Kind = Kind.HASH,
    main: Main | None = None,
    command: str = "mxward lockdown postfix",
) -> Written:
    """All of it, for files that go to `installed`; `main` is what Postfix is told now, where that
    is known, and `command` writes the same again. Raises ValueError where a name will not do, or
    main.cf cannot be read.
    """
    where = place(installed)
    found = tables(groups)
    domains = _domains(found)
    classes = _classes(found, where, kind)
    files: dict[str, str | bytes] = {f"networks/{name}": text for name, text in _networks(found)}
    files[_ADDRESS] = "# The domain of an address, to be looked up.\n/@([^@]+)$/ $1\n"
    files["domains"] = "".join(f"{domain} {name}\n" for domain, name in domains.items())
    if kind is Kind.CDB:
        files["domains.cdb"] = cdb((d.encode(), name.encode()) for d, name in domains.items())
    files[_CLASSES] = "".join(f"{name} = {value}\n" for name, value in classes.items())
    strict = [d for t in found for d, verdict in t.domains.items() if verdict is not Verdict.WARN]
    return Written(
        title="Accept rules for Postfix",
        files=files,
        apply=apply(where, kind, classes, main),
        check=check(f"{kind}:{where}/domains", min(strict, default=None), command),
        roll_back=roll_back(where, classes, main),
        know=know(main, len(classes)),
        also=no_main(classes, _CLASSES) if main is None else {},
        unmet=unmet(classes, main) if main is not None else (),
    )


def _domains(found: Iterable[Table]) -> Mapping[str, str]:
    """A class, by each spelling of a domain."""
    pairs = ((d, _class(table, v)) for table in found for d, v in table.domains.items())
    told = {spelled: name for domain, name in pairs for spelled in spellings(domain)}
    return dict(sorted(told.items()))


def _class(table: Table, verdict: Verdict) -> str:
    return f"{OURS}_{verdict}_{table.name}"


def _classes(found: Iterable[Table], where: str, kind: Kind) -> Mapping[str, str]:
    """Restriction classes, with what they stand for."""
    look_up = f"pipemap:{{regexp:{where}/{_ADDRESS},{kind}:{where}/domains}}"
    classes = {OURS: f"permit_sasl_authenticated, check_recipient_access {look_up}"}
    for verdict in Verdict:
        said = SAID.get(verdict, _WARNS)
        classes[f"{OURS}_{verdict}"] = f"check_recipient_access static:{{{said}}}"
    for table in found:
        for verdict in sorted(set(table.domains.values())):
            name = _class(table, verdict)
            classes[name] = f"check_client_access cidr:{where}/networks/{name}.cidr"
    return classes


def _networks(found: Iterable[Table]) -> Iterator[tuple[str, str]]:
    """Tables of cidr_table(5): the first line that matches counts."""
    for table in found:
        for verdict in sorted(set(table.domains.values())):
            welcome = "".join(f"{net} DUNNO\n" for net in table.networks)
            others = "".join(f"{net} {OURS}_{verdict}\n" for net in _EVERYBODY)
            yield f"{_class(table, verdict)}.cidr", welcome + others
