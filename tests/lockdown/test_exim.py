"""Accept rules for Exim: what is written, and that nothing can be written into it."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from hypothesis import given

from mxward.lockdown.exim import For, Kind, write
from mxward.lockdown.groups import Group
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.tables import spellings
from tests.lockdown.golden import agrees
from tests.lockdown.plans import group
from tests.lockdown.test_cdb import look_up
from tests.lockdown.written_plans import groups

INSTALLED = "/etc/exim4/mxward"
EXAMPLE = [
    group("it.co.za", "xn--bcher-kva.example", trusted=("192.0.2.7",)),
    group("example.org", name="via_wash_2", welcome=("198.51.100.9",), verdict=Verdict.DEFER),
    group("example.net", name="via_wash_3", welcome=("198.51.100.9",), verdict=Verdict.WARN),
]


@pytest.mark.parametrize("variant", For)
def test_what_is_written(variant: For) -> None:
    command = "mxward lockdown exim --config /etc/mxward.toml it.co.za --tables lsearch"
    agrees(f"exim-{variant}", write(EXAMPLE, INSTALLED, Kind.LSEARCH, variant, command))


@given(groups)
def test_each_domain_leads_to_its_verdict_and_networks(found: tuple[Group, ...]) -> None:
    lines, cdb = (write(found, INSTALLED, kind).files for kind in (Kind.LSEARCH, Kind.CDB))
    told = str(lines["domains"])
    table = dict(line.split(": ") for line in told.split("\n") if line)
    assert told.splitlines() == told.split("\n")[:-1]
    binary = cdb["domains.cdb"]
    assert isinstance(binary, bytes)
    wanted = {}
    for each in found:
        for domain, verdict in each.domains.items():
            for spelled in spellings(domain):
                said, name = table[spelled].split(":")
                wanted[spelled] = f"{verdict}:{name}"
                assert said == verdict
                assert look_up(binary, spelled.encode()) == table[spelled].encode()
                assert read(str(lines[f"networks/{name}"])) == list(each.networks)
    assert table == wanted


def read(table: str) -> list[object]:
    """Networks, as iplsearch reads its keys: in quotes, or up to a colon."""
    keys = re.findall(r'^(?:"([^"]*)"|([^":\s]+)):$', table, re.MULTILINE)
    assert len(keys) == table.count("\n")
    return [ip_network(quoted or bare) for quoted, bare in keys]


@given(groups)
def test_the_statements_are_the_same_whatever_they_are_for(found: tuple[Group, ...]) -> None:
    assert write(found, INSTALLED).files["rcpt.acl"] == write([], INSTALLED).files["rcpt.acl"]


def test_nothing_is_accepted() -> None:
    verbs = re.findall(r"^  (\w+)", str(write(EXAMPLE, INSTALLED).files["rcpt.acl"]), re.MULTILINE)
    assert verbs == ["warn", "warn", "deny", "defer", "warn"]


def test_networks_are_in_place_before_the_table_that_names_them() -> None:
    names = list(write(EXAMPLE, INSTALLED).files)
    assert names[-2:] == ["domains.cdb", "rcpt.acl"]
    assert all(name.startswith("networks/") for name in names[:-2])


def test_a_folder_that_needs_quoting_is_refused() -> None:
    with pytest.raises(ValueError, match="whole path"):
        write(EXAMPLE, "/etc/exim4/mxward}{")
