"""The ready mend: for the domains and the networks of their scanners, and nothing else in it."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_address

import pytest

from mxward.audit.fixes import Group, fixes
from mxward.audit.judging import Verdict
from mxward.audit.services import Nature, Service
from mxward.networks import Networks
from tests.audit.world import PREMISES, SERVICES, Case

SCANNER = Group(
    ("scanner",),
    ("it.co.za", "two.example"),
    Networks.of("198.51.100.16/28", "198.51.100.0/28", "203.0.113.7", "2001:db8:5::/64"),
)
VENDOR = Group(("eu-vendor", "scanner"), ("three.example",), Networks.of("203.0.113.64/26"))
SERVER = ip_address("192.0.2.25")

EXIM = """\
# first in the ACL of acl_smtp_rcpt; add whom else you trust to the hosts
# behind scanner
deny
  message        = 5.7.1 mail for this domain is taken at its MX only
  domains        = <; it.co.za ; two.example
  !hosts         = <; 198.51.100.0/27 ; 203.0.113.7 ; 2001:db8:5::/64
  !authenticated = *
# behind eu-vendor and scanner
deny
  message        = 5.7.1 mail for this domain is taken at its MX only
  domains        = <; three.example
  !hosts         = <; 203.0.113.64/26
  !authenticated = *"""

POSTFIX = """\
# main.cf; what comes after check_recipient_access is not asked of the scanner's mail
smtpd_restriction_classes = from_scanner, from_eu_vendor_scanner
from_scanner = check_client_access cidr:/etc/postfix/from_scanner,
  check_recipient_access static:{REJECT 5.7.1 mail for this domain is taken at its MX only}
from_eu_vendor_scanner = check_client_access cidr:/etc/postfix/from_eu_vendor_scanner,
  check_recipient_access static:{REJECT 5.7.1 mail for this domain is taken at its MX only}
smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated,
  reject_unauth_destination, check_recipient_access hash:/etc/postfix/fronted
# /etc/postfix/fronted, then: postmap /etc/postfix/fronted
it.co.za  from_scanner
two.example  from_scanner
three.example  from_eu_vendor_scanner
# /etc/postfix/from_scanner; add whom else you trust
198.51.100.0/27  OK
203.0.113.7  OK
2001:db8:5::/64  OK
# /etc/postfix/from_eu_vendor_scanner; add whom else you trust
203.0.113.64/26  OK"""

NFTABLES = """\
# only where every domain of this server is behind a scanner: it shuts port 25 for all of them
# add whom else you trust to the set
table inet fronted {
  set scanner { type ipv4_addr; flags interval; elements = { 198.51.100.0/27, 203.0.113.7, \
203.0.113.64/26 }; }
  chain input {
    type filter hook input priority filter; policy accept;
    ip daddr 192.0.2.25 tcp dport 25 ip saddr != @scanner reject with tcp reset
  }
}"""


def test_the_texts() -> None:
    found = {fix.of: fix.text for fix in fixes([SCANNER, VENDOR], SERVER)}
    assert found == {"Exim": EXIM, "Postfix": POSTFIX, "nftables": NFTABLES}


def test_nobodys_mail_is_lost_for_want_of_networks() -> None:
    """Who is behind a scanner of which it is not known where it delivers from is left as he is."""
    unknown = Group(("cisco",), ("four.example",), Networks())
    found = {fix.of: fix.text for fix in fixes([SCANNER, unknown], SERVER)}
    assert set(found) == {"Exim", "Postfix"}  # a packet filter knows no domains
    for text in found.values():
        assert "four.example  " not in text and "; four.example" not in text
        assert text.startswith("# left out: four.example behind cisco: ")
    assert fixes([unknown], SERVER) == ()
    assert fixes([SCANNER], None) == ()


def test_many_domains_go_into_files() -> None:
    many = tuple(f"d{n:04}.example" for n in range(2_000))
    exim, postfix, _ = fixes([SCANNER._replace(domains=many)], SERVER)
    assert "domains        = lsearch;/etc/exim4/behind_scanner\n" in exim.text
    assert "# and 1,988 more: all domains of this finding behind scanner\n" in postfix.text
    assert max(len(exim.text), len(postfix.text)) < 2_000


def test_an_ipv6_server_without_networks_of_its_family() -> None:
    *_, nftables = fixes([VENDOR], ip_address("2001:db8:1::25"))
    assert "set scanner { type ipv6_addr; flags interval; }" in nftables.text
    assert "ip6 daddr 2001:db8:1::25 tcp dport 25 ip6 saddr != @scanner reject" in nftables.text


@pytest.mark.parametrize(
    "name", ["it.co.za ; *", "it.co.za\n", "a b", "${run{/bin/sh}}", "", "x'y", "ä.example", "#"]
)
def test_no_name_breaks_out(name: str) -> None:
    for group in (SCANNER._replace(domains=(name,)), SCANNER._replace(scanners=(name,))):
        with pytest.raises(ValueError, match="is no domain and no scanner"):
            fixes([group], SERVER)


def test_a_domain_behind_two_scanners_of_which_one_is_not_known() -> None:
    """Half of its networks would lose half of its mail."""
    case = Case.read(
        "it.co.za MX 10 mx.scanner.example\nit.co.za MX 20 mx.unlisted.example\n"
        "mx.scanner.example A 198.51.100.1\nmx.unlisted.example A 203.0.113.200\n"
        "@probe 192.0.2.25:25 it.co.za accepted catch_all=yes"
    )
    unlisted = Service("unlisted", "Unlisted", Nature.SCANNER, ("unlisted.example",))
    case.premises = replace(PREMISES, services=SERVICES.adding([unlisted]))
    (door,) = [each for each in case.findings() if each.server]
    assert (door.verdict, door.fixes) == (Verdict.OPEN, ())
