"""Counts what the log is told: decisions, messages, AUTH, and how often each event came.

It is called by the thread that writes the log, so the event loop has no part in it. What the log
drops is not counted here; that it was dropped is.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mxward.metrics import catalogue
from mxward.metrics.board import Row
from mxward.metrics.recent import UNDECIDED, Recent
from mxward.metrics.times import Times
from mxward.model import Action, Reason, Stage
from mxward.smtp.replies import Reply
from mxward.smtp.vocabulary import Endpoint

__all__ = ["EventCounts", "target"]

Fields = Mapping[str, object]

_DECISIONS: dict[object, str] = {
    (action, reason): catalogue.DECISIONS.column(action, reason)
    for action in Action
    for reason in Reason
}
_OBSERVED = {action: catalogue.OBSERVED.column(action) for action in Action}
_LINES = {event: catalogue.LINES.column(event) for event in catalogue.EVENTS}
_LIMITS = {name: catalogue.LIMITS.column(name) for (name,) in catalogue.LIMITS.series}
_MESSAGES = {labels: catalogue.MESSAGES.column(*labels) for labels in catalogue.MESSAGES.series}
_OCTETS = {to: catalogue.OCTETS.column(to) for (to,) in catalogue.OCTETS.series}
_VERDICTS = {2: "accepted", 4: "deferred", 5: "refused"}


class EventCounts:
    """An observer of one process's log, for one thread."""

    def __init__(self, row: Row) -> None:
        self._row = row
        self._recent = Recent(row)
        self._verdicts = {
            to: Times(row, catalogue.VERDICT_SECONDS, to) for to in ("mail-server", "scanner")
        }
        self._on: dict[str, Callable[[float, Fields], None]] = {
            "auth": self._on_auth,
            "decision": self._on_decision,
            "decisions-dropped": self._on_decisions_dropped,
            "dropped": self._on_dropped,
            "limit": self._on_limit,
            "inventory-refused": lambda at, fields: self._on_reload("inventory", "refused"),
            "memory-dropped": self._on_memory_dropped,
            "message": self._on_message,
            "ready": self._on_ready,
            "reload": self._on_configuration,
            "reload-refused": self._on_refused,
            "worker-died": lambda at, fields: row.add(catalogue.RESTARTS.name),
        }

    def __call__(self, at: float, event: str, fields: Fields) -> None:
        """One event has come into the log; `at` is in seconds since the epoch."""
        self._row.add(_LINES.get(event) or _LINES["other"])
        counts = self._on.get(event)
        if counts is not None:
            counts(at, fields)

    def _on_decision(self, at: float, fields: Fields) -> None:
        column = _DECISIONS.get((fields.get("action"), fields.get("reason")))
        if column is None:
            self._row.add(catalogue.UNDECIDED.name)
            self._recent.count(at, UNDECIDED)
            return
        self._row.add(column)
        self._recent.count(at, str(fields["action"]))
        if fields["stage"] is Stage.OBSERVE:
            self._row.add(_OBSERVED[Action(str(fields["would"]))])
        elif _is_too_fast(fields):
            self._row.add(_LIMITS["reroute_rate"])

    def _on_limit(self, at: float, fields: Fields) -> None:
        self._row.add(_LIMITS[str(fields["limit"])])

    def _on_decisions_dropped(self, at: float, fields: Fields) -> None:
        self._row.add(catalogue.DROPPED.column("decision"), float(str(fields["decisions"])))

    def _on_message(self, at: float, fields: Fields) -> None:
        to, said = target(fields["upstream"]), fields["reply"]
        verdict = _VERDICTS.get(said.code // 100) if isinstance(said, Reply) else None
        self._row.add(_MESSAGES[to, verdict or "given-up"])
        size, waited = fields["size"], fields.get("waited_ms")
        if verdict == "accepted" and isinstance(size, int):
            self._row.add(_OCTETS[to], size)
        if isinstance(waited, int):
            self._verdicts[to].took(waited / 1000)

    def _on_auth(self, at: float, fields: Fields) -> None:
        code = fields["reply"]
        result = "accepted" if code == 235 else "refused" if str(code)[:1] == "5" else "failed"
        self._row.add(catalogue.AUTH.column(result))

    def _on_dropped(self, at: float, fields: Fields) -> None:
        self._row.add(catalogue.DROPPED.column("log-line"), float(str(fields["events"])))

    def _on_memory_dropped(self, at: float, fields: Fields) -> None:
        self._row.add(catalogue.DROPPED.column("answer"), float(str(fields["answers"])))

    def _on_ready(self, at: float, fields: Fields) -> None:
        """The supervisor's word; a worker's own has no number of workers."""
        if "workers" in fields:
            self._row.set(catalogue.WORKERS.name, float(str(fields["workers"])))
            self._row.set(catalogue.RELOADED.name, at)

    def _on_configuration(self, at: float, fields: Fields) -> None:
        self._on_ready(at, fields)
        self._on_reload("configuration", "applied")

    def _on_refused(self, at: float, fields: Fields) -> None:
        self._row.set(catalogue.REFUSED, at)
        self._on_reload("configuration", "refused")

    def _on_reload(self, what: str, result: str) -> None:
        self._row.add(catalogue.RELOADS.column(what, result))


def target(upstream: object) -> str:
    """What a connection onward leads to, as a label says it."""
    return "scanner" if isinstance(upstream, Endpoint) and upstream.scanner else "mail-server"


def _is_too_fast(fields: Fields) -> bool:
    """Whether we have said so: an upstream would be named."""
    said = fields["reply"]
    if fields["action"] is not Action.REROUTE or fields["upstream"] or not isinstance(said, Reply):
        return False
    return said.code == 451 and said.lines[0].startswith(b"4.7.1 ")
