"""What else the same look-ups show: of the MX, of names, of records that hold a server where it is,
of the configuration.

Each finding is about one thing (a host, a server, a scanner) and names all domains it is about.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mxward.audit import of_mx, of_records
from mxward.audit.changes import Before, as_it_is, moved, shrank
from mxward.audit.codes import Code
from mxward.audit.drift import drift
from mxward.audit.findings import Finding
from mxward.audit.gathering import Gathered
from mxward.audit.ledger import Ledger
from mxward.audit.survey import Surveyed
from mxward.networks import Networks

__all__ = ["further"]


def further(
    ledger: Ledger, before: Mapping[str, Before], published: Mapping[str, Networks | None]
) -> Iterator[Finding]:
    """All that is found besides doors.

    `before`: by domain, its front door when it was last looked at. `published`: by declared
    scanner, what its vendor publishes as egress now; None where that could not be looked up.
    """
    gathered = Gathered()
    for found in ledger.domains.values():
        of_mx.gather(found, ledger.premises, gathered)
        of_records.gather(found, ledger.premises, gathered)
        _changes(found, before.get(found.domain), gathered)
    yield from gathered.findings()
    yield from drift(ledger.premises, published)


def _changes(found: Surveyed, before: Before | None, gathered: Gathered) -> None:
    now = as_it_is(found)
    if before is None or now is None:
        return
    less, other = shrank(before, now), moved(before, now)
    if other:
        text = f"the front door has moved {other}"
        gathered.add(Code.MOVED, other, text, found.domain)
    elif less:
        gathered.add(Code.SHRANK, less, f"the front door has shrunk: {less}", found.domain)
