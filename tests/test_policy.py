"""The one rule as a table: who brings mail for whom, what is known, and what is done with it."""

from __future__ import annotations

import pytest

from mxward.model import Action, Decision, Door, Reason
from mxward.policy import decide
from tests.policy_cases import DOORS, NOW, RULES, arrival

# rules | client | recipient | front door | action | would | door | reason
TABLE = """
# 1. an authenticated client passes
refuse           | anna            | x@far.example        | not asked    | pass    | pass    | outside | authenticated
refuse, untold   | anna            | x@far.example        | not asked    | pass    | pass    | outside | authenticated
refuse           | anna            | shaun@it.co.za       | scanner      | pass    | pass    | outside | authenticated
refuse           | anna            | a%it.co.za@b.example | not asked    | pass    | pass    | outside | authenticated
# 2. not in the inventory: the mail server's business, where it is told who asks
refuse           | stranger        | x@far.example        | not asked    | pass    | pass    | outside | not-ours
refuse           | stranger        | x@notit.co.za        | not asked    | pass    | pass    | outside | not-ours
refuse, untold   | stranger        | x@far.example        | not asked    | refuse  | refuse  | outside | relay
observe, untold  | stranger        | x@far.example        | not asked    | refuse  | refuse  | outside | relay
observe, untold  | stranger        | a%far.example@it.co.za | not asked  | refuse  | refuse  | outside | relay
refuse, untold   | egress          | a!b@it.co.za         | not asked    | refuse  | refuse  | outside | relay
refuse, untold   | stranger        | postmaster           | not asked    | pass    | pass    | outside | postmaster
refuse           | stranger        | PostMaster           | not asked    | pass    | pass    | outside | postmaster
refuse, untold   | stranger        | shaun@it.co.za       | own          | pass    | pass    | open    | own
# 3. own
refuse           | stranger        | shaun@it.co.za       | own          | pass    | pass    | open    | own
refuse           | stranger        | shaun@it.co.za       | own, scanner | pass    | pass    | open    | own-and-scanner
observe          | stranger        | shaun@it.co.za       | own          | pass    | pass    | open    | own
# 4. the front door
reroute          | MX host         | shaun@it.co.za       | scanner      | pass    | pass    | front   | exchange
refuse           | egress          | shaun@it.co.za       | scanner      | pass    | pass    | front   | egress
refuse           | egress v6       | shaun@it.co.za       | scanner      | pass    | pass    | front   | egress
refuse           | second MX       | shaun@it.co.za       | two scanners | pass    | pass    | front   | exchange
refuse           | second MX       | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
refuse           | stranger        | shaun@it.co.za       | changing     | pass    | pass    | front   | former
refuse           | egress          | shaun@it.co.za       | no SPF       | pass    | pass    | front   | egress
observe          | egress          | shaun@it.co.za       | scanner      | pass    | pass    | front   | egress
refuse           | clean by TLS    | shaun@it.co.za       | scanner      | pass    | pass    | front   | certificate
refuse           | clean by TLS    | shaun@it.co.za       | changed      | pass    | pass    | front   | certificate
refuse           | shield by TLS   | shaun@it.co.za       | two scanners | pass    | pass    | front   | certificate
refuse           | shield by TLS   | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
refuse           | other by TLS    | shaun@it.co.za       | two scanners | refuse  | refuse  | back    | back-door
refuse           | clean by TLS    | shaun@it.co.za       | no SPF       | pass    | pass    | front   | certificate
refuse           | clean by TLS    | shaun@it.co.za       | changing     | pass    | pass    | front   | certificate
observe          | clean by TLS    | shaun@it.co.za       | scanner      | pass    | pass    | front   | certificate
# 5. trusted
refuse, partner  | partner         | shaun@it.co.za       | scanner      | pass    | pass    | back    | trusted
refuse, partner  | partner, unsure | shaun@it.co.za       | failed       | pass    | pass    | back    | trusted
refuse, partner  | clean by TLS    | shaun@it.co.za       | two scanners | pass    | pass    | front   | certificate
refuse, partner  | shield by TLS   | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
refuse, partner, over | partner    | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
refuse           | printer         | shaun@it.co.za       | scanner      | pass    | pass    | back    | trusted
refuse           | printer         | shaun@sub.it.co.za   | scanner      | refuse  | refuse  | back    | back-door
refuse           | printer, over   | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
refuse, names    | branch          | shaun@it.co.za       | scanner      | pass    | pass    | back    | trusted
refuse, names    | no branch       | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
refuse           | printer         | shaun@it.co.za       | failed       | pass    | pass    | back    | trusted
# 6. observed: passes, and says what would have been
observe          | stranger        | shaun@it.co.za       | scanner      | pass    | refuse  | back    | back-door
rehearse reroute | stranger        | shaun@it.co.za       | scanner      | pass    | reroute | back    | back-door
rehearse reroute | stranger        | shaun@it.co.za       | private      | pass    | defer   | back    | no-target
observe          | stranger        | shaun@it.co.za       | failed       | pass    | defer   | unknown | lookup-failed
observe          | stranger        | shaun@it.co.za       | too wide     | pass    | defer   | unknown | held
observe, names   | branch, unsure  | shaun@it.co.za       | scanner      | pass    | defer   | unknown | lookup-failed
# 7. what could have let it pass is not known
refuse           | clean by TLS    | shaun@it.co.za       | failed       | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | failed       | defer   | defer   | unknown | lookup-failed
reroute          | stranger        | shaun@it.co.za       | failed       | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | not asked    | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | no SPF       | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | no A         | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | AAAA only    | defer   | defer   | unknown | lookup-failed
refuse           | stranger v6     | shaun@it.co.za       | no AAAA      | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | no host      | defer   | defer   | unknown | lookup-failed
refuse, names    | branch, unsure  | shaun@it.co.za       | scanner      | defer   | defer   | unknown | lookup-failed
refuse, names    | branch, unasked | shaun@it.co.za       | scanner      | defer   | defer   | unknown | lookup-failed
refuse           | stranger        | shaun@it.co.za       | too wide     | defer   | defer   | unknown | held
refuse           | stranger        | shaun@it.co.za       | no host v4   | defer   | defer   | unknown | lookup-failed
# ... but not where it could have changed nothing
refuse           | stranger        | shaun@it.co.za       | no AAAA      | refuse  | refuse  | back    | back-door
refuse, names    | branch, unsure  | shaun@it.co.za       | no scanner   | pass    | pass    | open    | no-scanner
refuse           | stranger        | shaun@it.co.za       | no host v6   | pass    | pass    | open    | no-scanner
refuse           | stranger        | shaun@it.co.za       | moved, no SPF | pass   | pass    | open    | no-scanner
# 8. nothing stands in front
refuse           | stranger        | shaun@it.co.za       | none         | pass    | pass    | open    | no-front-door
reroute          | stranger        | shaun@it.co.za       | no scanner   | pass    | pass    | open    | no-scanner
observe          | stranger        | shaun@it.co.za       | none         | pass    | pass    | open    | no-front-door
# 9. the back door
defer            | stranger        | shaun@it.co.za       | scanner      | defer   | defer   | back    | back-door
refuse           | stranger        | shaun@it.co.za       | scanner      | refuse  | refuse  | back    | back-door
reroute          | stranger        | shaun@it.co.za       | scanner      | reroute | reroute | back    | back-door
refuse           | stranger        | Shaun@IT.co.ZA.      | scanner      | refuse  | refuse  | back    | back-door
refuse           | stranger        | shaun@a.b.it.co.za   | scanner      | refuse  | refuse  | back    | back-door
reroute          | stranger        | shaun@it.co.za       | private      | defer   | defer   | back    | no-target
# a hidden domain: the strictest stage anywhere, reroute becoming refuse
one refuses      | stranger        | a%it.co.za@b.example | not asked    | refuse  | refuse  | back    | hidden-domain
one refuses      | stranger        | shaun@[192.0.2.25]   | not asked    | refuse  | refuse  | back    | hidden-domain
one refuses      | stranger        | shaun                | not asked    | refuse  | refuse  | back    | hidden-domain
one refuses      | stranger        | shaun@localhost      | not asked    | refuse  | refuse  | back    | hidden-domain
one refuses      | stranger        | shaun@localnet       | scanner      | pass    | refuse  | back    | back-door
one refuses      | stranger        | shaun@fa\u00df.example | not asked  | refuse  | refuse  | back    | hidden-domain
one refuses      | stranger        | stra\u00dfe@b.example | not asked   | pass    | pass    | outside | not-ours
reroute          | stranger        | a!b@it.co.za         | not asked    | refuse  | refuse  | back    | hidden-domain
defer            | stranger        | @b.example:a@it.co.za | not asked   | defer   | defer   | back    | hidden-domain
observe          | stranger        | a!b@it.co.za         | not asked    | pass    | refuse  | back    | hidden-domain
refuse           | egress          | a!b@it.co.za         | not asked    | pass    | pass    | front   | egress
refuse           | shield by TLS   | a!b@it.co.za         | not asked    | pass    | pass    | front   | certificate
refuse           | other by TLS    | a!b@it.co.za         | not asked    | refuse  | refuse  | back    | hidden-domain
refuse, partner  | partner         | a!b@it.co.za         | not asked    | pass    | pass    | back    | trusted
refuse, untold   | clean by TLS    | a!b@it.co.za         | not asked    | refuse  | refuse  | outside | relay
refuse           | printer         | a!b@it.co.za         | not asked    | refuse  | refuse  | back    | hidden-domain
refuse, names    | branch          | a!b@it.co.za         | not asked    | pass    | pass    | back    | trusted
refuse, names    | branch, unsure  | a!b@it.co.za         | not asked    | defer   | defer   | unknown | lookup-failed
"""  # noqa: E501 - a table is read across
ROWS = [
    tuple(cell.strip() for cell in line.split("|"))
    for line in TABLE.splitlines()
    if line and not line.startswith("#")
]


def seen(decision: Decision) -> tuple[str, str, str, str]:
    return decision.action, decision.would, decision.door, decision.reason


@pytest.mark.parametrize("row", ROWS, ids=" | ".join)
def test_table(row: tuple[str, ...]) -> None:
    rules, client, recipient, front_door, *expected = row
    decision = decide(arrival(client, recipient), DOORS[front_door], RULES[rules], NOW)
    assert seen(decision) == tuple(expected)


def test_the_table_has_every_reason_action_and_door() -> None:
    *_, actions, would, doors, reasons = zip(*ROWS, strict=True)
    assert set(reasons) == set(Reason)
    assert set(actions) == set(would) == set(Action)
    assert set(doors) == set(Door)
