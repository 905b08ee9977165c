"""What the operator should hear of once, and not with every message.

A domain of which a scanner is only one way in, a domain that is enforced although nothing stands in
front of it, an egress that waits for the operator's word. Each is told once a process, and again
when it has changed; and kept in the store, with when it was seen last, to the day.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from mxward.frontdoor.egress import Egress
from mxward.model import Decision, Reason, Stage
from mxward.networks import Networks
from mxward.smtp.vocabulary import Log

__all__ = ["Findings"]

Keep = Callable[[str, str, str], None]
"""Takes a finding: its kind, what it is about, and the text."""

_MOST = 100_000
_DAY = 86_400.0
_MEND = {
    Reason.OWN_AND_SCANNER: "take the mail server out of the domain's MX: who uses it is unscanned",
    Reason.NO_SCANNER: "declare the scanner that its MX leads to, or observe the domain",
    Reason.NO_FRONT_DOOR: "give the domain an MX, or observe it",
}


class Findings:
    """Tells each finding once. `clock` gives seconds since the epoch."""

    def __init__(
        self,
        tell: Callable[[Log], None],
        keep: Keep = lambda kind, subject, text: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._tell = tell
        self._keep = keep
        self._clock = clock
        self._told: dict[tuple[str, str], tuple[str, float]] = {}  # the text, and when it was kept

    def consider(self, decision: Decision) -> None:
        """Tell what a decision shows about its domain (the policy's rules 3 and 8)."""
        reason, domain = decision.reason, decision.evidence.domain
        mend = _MEND.get(reason)
        if mend is None:
            return
        told_loudly = reason is Reason.OWN_AND_SCANNER
        if told_loudly or decision.stage is not Stage.OBSERVE:
            fields = {"domain": domain, "reason": reason, "stage": decision.stage, "mend": mend}
            self._once(reason, domain, mend, Log("finding", fields, loud=told_loudly))

    def waiting(self, egresses: Mapping[str, Egress]) -> None:
        """Tell which scanners' egress waits for the operator's word."""
        for scanner, egress in egresses.items():
            held, leaving = _listed(egress.held), _listed(egress.leaving)
            if held or leaving:
                mend = "mxward door DOMAIN shows it, mxward door --accept DOMAIN applies it"
                fields = {"scanner": scanner, "held": held, "leaving": leaving, "mend": mend}
                log = Log("egress-waits", fields, loud=True)
                text = f"held: {held or 'nothing'}; leaving: {leaving or 'nothing'}; {mend}"
                self._once("egress-waits", scanner, text, log)

    def _once(self, kind: str, subject: str, text: str, log: Log) -> None:
        """Told where it is another than before, kept where the day is."""
        before, now = self._told.get((kind, subject)), self._clock()
        new = before is None or before[0] != text
        if before is not None and not new and 0 <= now - before[1] < _DAY:
            return
        if len(self._told) >= _MOST:
            self._told.clear()
        self._told[kind, subject] = text, now
        self._keep(kind, subject, text)
        if new:
            self._tell(log)


def _listed(networks: Networks) -> str:
    return " ".join(str(network) for network in networks)
