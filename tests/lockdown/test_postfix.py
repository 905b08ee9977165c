"""Accept rules for Postfix: what is written, and that nothing can be written into it."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from hypothesis import given

from mxward.lockdown.groups import Group
from mxward.lockdown.postfix import Kind, write
from mxward.lockdown.postfix_changes import Main
from mxward.lockdown.sealing import Verdict
from mxward.lockdown.tables import SAID, spellings
from tests.lockdown.golden import agrees
from tests.lockdown.plans import group
from tests.lockdown.test_cdb import look_up
from tests.lockdown.written_plans import groups

INSTALLED = "/etc/postfix/mxward"
EXAMPLE = [
    group("it.co.za", "xn--bcher-kva.example", trusted=("192.0.2.7",)),
    group("example.org", name="via_wash_2", welcome=("198.51.100.9",), verdict=Verdict.DEFER),
    group("example.net", name="via_wash_3", welcome=("198.51.100.9",), verdict=Verdict.WARN),
]
MAIN = """\
# as Debian has it, nearly
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated
  defer_unauth_destination
smtpd_restriction_classes = greylisted
smtpd_recipient_restrictions =
    permit_mynetworks,
    # our users
    permit_sasl_authenticated,
    check_recipient_access hash:/etc/postfix/roles,
    reject_rbl_client zen.example.org=127.0.0.[2..11]
mxward_deny_via_gone_1 = check_client_access cidr:/etc/postfix/mxward/networks/gone.cidr
"""
MASTER = """\
smtp      inet  n       -       y       -       -       smtpd
submission inet n       -       y       -       -       smtpd
  -o syslog_name=postfix/submission
  -o smtpd_relay_restrictions=permit_sasl_authenticated,reject
  -o smtpd_recipient_restrictions=
2525      inet  n       -       y       -       -       smtpd
  -o { smtpd_recipient_restrictions = permit_sasl_authenticated, reject_unauth_destination }
2526      inet  n       -       y       -       -       smtpd
  -o smtpd_recipient_restrictions=$ours
127.0.0.1:10025 inet n  -       n       -       -       smtpd
  -o content_filter=
pickup    unix  n       -       y       60      1       pickup
"""


@pytest.mark.parametrize("kind", Kind)
def test_what_is_written(kind: Kind) -> None:
    main = None if kind is Kind.CDB else Main(MAIN, MASTER)
    command = f"mxward lockdown postfix --config /etc/mxward.toml it.co.za --tables {kind}"
    some = EXAMPLE if main else EXAMPLE[:1]
    agrees(f"postfix-{kind}", write(some, INSTALLED, kind, main, command))


@given(groups)
def test_each_domain_leads_to_its_verdict_and_networks(found: tuple[Group, ...]) -> None:
    files = write(found, INSTALLED, Kind.CDB).files
    told = str(files["domains"])
    assert told.splitlines() == told.split("\n")[:-1]
    table = dict(line.split(" ") for line in told.splitlines())
    classes = dict(line.split(" = ") for line in str(files["main.cf.part"]).splitlines())
    binary = files["domains.cdb"]
    assert isinstance(binary, bytes)
    wanted = set()
    for each in found:
        for domain, verdict in each.domains.items():
            for spelled in spellings(domain):
                wanted.add(spelled)
                name = table[spelled]
                assert look_up(binary, spelled.encode()) == name.encode()
                path = f"{INSTALLED}/networks/{name}.cidr"
                assert classes[name] == f"check_client_access cidr:{path}"
                *welcome, v4, v6 = str(files[f"networks/{name}.cidr"]).splitlines()
                assert [v4, v6] == [f"{net} mxward_{verdict}" for net in ("0.0.0.0/0", "::/0")]
                nets = [ip_network(line.removesuffix(" DUNNO")) for line in welcome]
                assert nets == list(each.networks)
    assert table.keys() == wanted


@given(groups)
def test_nothing_but_authentication_ends_a_list(found: tuple[Group, ...]) -> None:
    """Every word that Postfix could read as an action is known."""
    files = write(found, INSTALLED).files
    classes = dict(line.split(" = ") for line in str(files["main.cf.part"]).splitlines())
    assert classes.pop("mxward").startswith("permit_sasl_authenticated, check_recipient_access ")
    for verdict in Verdict:
        said = SAID.get(verdict, "WARN mxward: back door")
        told = classes.pop(f"mxward_{verdict}")
        assert told == f"check_recipient_access static:{{{said}}}"
    for name, text in files.items():
        if name.startswith("networks/"):
            actions = {line.split(" ")[1] for line in str(text).splitlines()}
            assert actions <= {"DUNNO", *(f"mxward_{verdict}" for verdict in Verdict)}
    assert all(re.fullmatch(r"mxward_[a-z0-9_]+", name) for name in classes)


def test_a_folder_that_needs_quoting_is_refused() -> None:
    with pytest.raises(ValueError, match="whole path"):
        write(EXAMPLE, "/etc/postfix/mx ward")


def test_too_many_lists_are_told() -> None:
    some = [
        group(f"d{n}.example", name=f"via_x_{n}", welcome=(f"100.64.{n // 256}.{n % 256}",))
        for n in range(600)
    ]
    assert "There are 60" in write(some, INSTALLED).know[0]
    assert "There are" not in write(some[:400], INSTALLED).know[0]
