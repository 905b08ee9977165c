"""What the operator should hear of once, and not with every message.

A domain of which a scanner is only one way in, a domain that is enforced although nothing stands in
front of it, an egress that waits for the operator's word. Each is told once a process, and again
when it has changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping

from mxward.frontdoor.egress import Egress
from mxward.model import Decision, Reason, Stage
from mxward.networks import Networks
from mxward.smtp.vocabulary import Log

__all__ = ["Findings"]

_MOST = 100_000
_MEND = {
    Reason.OWN_AND_SCANNER: "take the mail server out of the domain's MX: who uses it is unscanned",
    Reason.NO_SCANNER: "declare the scanner that its MX leads to, or observe the domain",
    Reason.NO_FRONT_DOOR: "give the domain an MX, or observe it",
}


class Findings:
    """Tells each finding once."""

    def __init__(self, tell: Callable[[Log], None]) -> None:
        self._tell = tell
        self._told: dict[Hashable, object] = {}

    def consider(self, decision: Decision) -> None:
        """Tell what a decision shows about its domain (the policy's rules 3 and 8)."""
        reason, domain = decision.reason, decision.evidence.domain
        mend = _MEND.get(reason)
        if mend is None:
            return
        told_loudly = reason is Reason.OWN_AND_SCANNER
        if told_loudly or decision.stage is not Stage.OBSERVE:
            fields = {"domain": domain, "reason": reason, "stage": decision.stage, "mend": mend}
            self._once((domain, reason), None, Log("finding", fields, loud=told_loudly))

    def waiting(self, egresses: Mapping[str, Egress]) -> None:
        """Tell which scanners' egress waits for the operator's word."""
        for scanner, egress in egresses.items():
            held, leaving = _listed(egress.held), _listed(egress.leaving)
            if held or leaving:
                mend = "mxward door DOMAIN shows it, mxward door --accept DOMAIN applies it"
                fields = {"scanner": scanner, "held": held, "leaving": leaving, "mend": mend}
                log = Log("egress-waits", fields, loud=True)
                self._once(("egress", scanner), (held, leaving), log)

    def _once(self, what: Hashable, how: object, log: Log) -> None:
        if what in self._told and self._told[what] == how:
            return
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[what] = how
        self._tell(log)


def _listed(networks: Networks) -> str:
    return " ".join(str(network) for network in networks)
