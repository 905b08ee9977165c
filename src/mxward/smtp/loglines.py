"""What the log is told: a line for each decision and each message, and the loud ones.

Never any content of a mail.
"""

from __future__ import annotations

from mxward.model import Arrival, Decision
from mxward.smtp.identity import Peer
from mxward.smtp.replies import Reply
from mxward.smtp.route import Route
from mxward.smtp.vocabulary import Endpoint, Log

__all__ = ["decided", "limit", "loop", "message"]


def decided(
    arrival: Arrival,
    decision: Decision | None,
    upstream: Endpoint | None,
    answer: Reply | None,
    message_id: str,
) -> Log:
    """One recipient was answered, unless the client had gone.

    Without a decision, none could be made in time.
    """
    fields: dict[str, object] = {
        "id": message_id,
        "client": arrival.client,
        "helo": arrival.helo,
        "from": arrival.sender,
        "to": arrival.recipient,
    }
    if decision is not None:
        fields |= {
            "door": decision.door,
            "stage": decision.stage,
            "action": decision.action,
            "would": decision.would,
            "reason": decision.reason,
        }
    fields |= {"upstream": upstream or "", "reply": answer or ""}
    return Log("decision", fields)


def message(
    peer: Peer,
    message_id: str,
    upstream: Endpoint | None,
    size: int,
    recipients: int,
    verdict: Reply | None,
    why: str,
    waited: float | None = None,
) -> Log:
    """A message has ended, this way or that; without a verdict, the client did not wait for it.

    `size` is in bytes; `waited` are the seconds from its end to the upstream's verdict.
    """
    fields: dict[str, object] = {
        "id": message_id,
        "client": peer.client,
        "upstream": upstream or "",
        "size": size,
        "recipients": recipients,
        "reply": verdict or "",
    }
    if waited is not None:
        fields["waited_ms"] = max(0, round(waited * 1000))
    if why:
        fields["why"] = why
    return Log("message", fields)


def limit(peer: Peer, name: str) -> Log:
    """A session has met a limit of [limits]; it goes on where it was `recipients`."""
    return Log("limit", {"id": peer.id, "client": peer.client, "limit": name})


def loop(peer: Peer, route: Route | None, message_id: str) -> Log:
    """A scanner delivers from an address that is not declared: the operator must know."""
    scanner = route.endpoints[0].scanner if route and route.endpoints else ""
    mend = f"if {peer.client} is an address of the scanner, add it to scanners.{scanner}.egress"
    fields = {"id": message_id, "client": peer.client, "scanner": scanner, "mend": mend}
    return Log("loop", fields, loud=True)
