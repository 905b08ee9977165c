"""The same clients, as the operator's logs tell of them: loaded only where logs are read."""

from __future__ import annotations

from mxward.cli.judging import Judged
from mxward.cli.senders import Sender
from mxward.reports.summary import summarise

__all__ = ["seen_in_logs"]


def seen_in_logs(told: Judged) -> list[Sender]:
    """Those that these logs tell of, with most mail first. Raises EngineError."""
    report = summarise(told.engine, told.inventory)
    ways: dict[str, dict[tuple[str, str], int]] = {}
    for batch in told.engine.ask("honest_domains").to_batches():
        for row in batch.to_pylist():
            way = row["domain"], row["sender_domain"] or ""
            ways.setdefault(row["client"], {})[way] = row["recipients"]
    return [
        Sender(
            sender.client.client,
            sender.signs,
            sender.client.days,
            sender.client.last_at.timestamp(),
            ways[sender.client.client],
        )
        for sender in report.honest()
        if sender.client.client in ways
    ]
