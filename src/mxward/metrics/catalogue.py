"""All that is counted, by the names that Prometheus knows it by.

Labels have few values, all known beforehand: never a domain, an address or anything that somebody
else chose. Every series is there from the beginning, so that the first of its kind is an increase
too. docs/metrics.md is made from this.
"""

from __future__ import annotations

from collections.abc import Iterator

from mxward.metrics import recent
from mxward.metrics.metric import Across, Metric, Shape, counter, gauge, seconds
from mxward.model import Action, Kind, Known, Reason

__all__ = ["ALL", "EVENTS", "columns", "lasting"]

_EACH, _MOST, _LEAST = Across.EACH, Across.MOST, Across.LEAST
_TO = ("mail-server", "scanner")
_OF_SESSIONS = ("commands", "errors", "line", "recipients")
ROOMS = ("connections", "reserved", "per_network")

# -- clients ----------------------------------------------------------------------------------

CONNECTIONS = counter("connections", "Clients that were let in.")
OPEN = gauge("connections_open", "Clients that are connected now.")
ROOM = gauge(
    "connections_allowed", "Clients that may be connected at once (limits.connections).", _MOST
)
LIMITS = counter(
    "limits",
    "Times that a client met a limit of [limits], or rerouted mail the scanner's reroute_rate.",
    limit=(*ROOMS, *_OF_SESSIONS, "reroute_rate"),
)
AUTH = counter(
    "auth", "AUTH exchanges by the mail server's word.", result=("accepted", "failed", "refused")
)

# -- decisions and messages -------------------------------------------------------------------

DECISIONS = counter(
    "decisions", "Recipients decided on, by what was done and why.", action=Action, reason=Reason
)
OBSERVED = counter(
    "observed", "Recipients that passed by stage observe, by what would be done.", would=Action
)
UNDECIDED = counter("undecided", "Recipients that nothing could be decided on in time: 451.")
MESSAGES = counter(
    "messages",
    "Messages that a client began to send, by where they went and what came of it.",
    to=_TO,
    verdict=("accepted", "deferred", "refused", "given-up"),
)
OCTETS = counter("message_bytes", "Octets of accepted messages.", to=_TO)

# -- the way onward ---------------------------------------------------------------------------

UPSTREAMS = counter(
    "upstream_connections",
    "Connections onward: made anew, taken from the pool, or failed.",
    to=_TO,
    how=("made", "reused", "failed"),
)
IDLE = gauge("pool_idle", "Connections to the mail server that wait for their next client.")
CONNECT_SECONDS = seconds(
    "upstream_connect_seconds",
    "Time until a connection onward stood.",
    *(0.001, 0.005, 0.02, 0.1, 0.5, 2, 10),
    to=_TO,
)
VERDICT_SECONDS = seconds(
    "upstream_verdict_seconds",
    "Time from the end of a message to the answer to it.",
    *(0.005, 0.02, 0.1, 0.5, 2, 10, 60, 300),
    to=_TO,
)

# -- the DNS ----------------------------------------------------------------------------------

ASKED = (Kind.MX, Kind.A, Kind.AAAA, Kind.TXT, Kind.PTR, Kind.TLSA)
"""What decisions ask; the other kinds are asked by chores."""
QUESTIONS = counter(
    "dns_questions",
    "Questions to the DNS by what came of them; failed includes time-outs.",
    type=ASKED,
    state=(Known.FOUND, Known.ABSENT, Known.FAILED),
)
DNS_SECONDS = seconds(
    "dns_seconds", "Time for one question to the DNS.", 0.001, 0.005, 0.02, 0.1, 0.5, 2, 10
)
DOORS = gauge(
    "front_doors",
    "Front doors that decisions are made by, by whether the DNS confirmed them in time; failed: "
    "nothing could be looked up, and nothing is remembered.",
    across=_MOST,
    state=("fresh", "stale", "failed"),
)
OLDEST = gauge(
    "front_door_oldest_seconds", "Age of the oldest answer that a front door rests on.", _MOST
)
REMEMBERED = gauge("answers_remembered", "Answers of the DNS in memory.", _MOST)

# -- the process ------------------------------------------------------------------------------

EVENTS = (
    "auth",
    "certificates",
    "configuration",
    "decision",
    "decisions-dropped",
    "dropped",
    "egress-waits",
    "failure",
    "few-sessions",
    "finding",
    "full",
    "inventory-lines-unusable",
    "inventory-refused",
    "inventory-shrank",
    "limit",
    "loop",
    "mail-server-silent",
    "memory-dropped",
    "message",
    "no-proxy-header",
    "no-worker",
    "ready",
    "reload",
    "reload-refused",
    "stopped",
    "store-failed",
    "store-unreadable",
    "store-works",
    "tls-failed",
    "upstream-failed",
    "word",
    "word-refused",
    "worker-died",
    "worker-hung",
    "other",
)
LINES = counter("log_lines", "Lines of the log. Some are written once a minute.", event=EVENTS)
DROPPED = counter(
    "dropped",
    "What was dropped because it could not be written fast enough.",
    what=("log-line", "answer", "decision"),
)
DOMAINS = gauge("inventory_domains", "Domains of the inventory in force.", _MOST)
RELOADS = counter(
    "reloads",
    "Changed files that were read again: applied, or refused and the old ones kept.",
    _MOST,
    what=("configuration", "inventory"),
    result=("applied", "refused"),
)
RELOADED = gauge(
    "configuration_timestamp_seconds", "When the configuration in force was read.", _MOST
)
CERTIFICATE_ENDS = gauge(
    "certificate_expiry_timestamp_seconds", "When the first of the certificates ends.", _LEAST
)
WORKERS = gauge("workers", "Worker processes that there should be.", _MOST)
RESTARTS = counter("worker_restarts", "Workers that died or hung, and were started again.")
CPU = counter("worker_cpu_seconds", "CPU time that a worker used.", _EACH)
RESIDENT = gauge("worker_resident_bytes", "Memory that a worker holds.", _EACH)

ALL: tuple[Metric, ...] = tuple(each for each in globals().values() if isinstance(each, Metric))

# -- for the health and `mxward status` only --------------------------------------------------

SEAT = "seat"
"""The number of the worker whose row this is, and 1; 0 where nobody is, or one that is leaving."""
HEARTBEAT = "heartbeat"
ANSWERED = "mail server answered"
FAILED = "mail server failed"
"""When this was last so, in seconds of the system's monotonic clock; 0 is never."""
PID = "pid"
STARTED = "started"
REFUSED = "configuration refused"
"""When the proxy was started, and a new configuration refused, in seconds since the epoch."""
HIDDEN = (SEAT, HEARTBEAT, ANSWERED, FAILED, PID, STARTED, REFUSED, *recent.columns())


def columns() -> Iterator[str]:
    """Every column of the board."""
    yield from HIDDEN
    for metric in ALL:
        yield from metric.columns


def lasting() -> set[str]:
    """The columns that go on when another process takes the row."""
    return set(recent.columns()) | {
        column
        for metric in ALL
        if metric.shape is not Shape.GAUGE and metric.across is not Across.EACH
        for column in metric.columns
    }
