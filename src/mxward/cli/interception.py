"""How interception is told of: what is intercepted, how it stands, since when, and why."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from mxward.cli.screen import Screen, duration
from mxward.intercept.loaded import Standing
from mxward.intercept.plan import Plan
from mxward.intercept.report import Port
from mxward.intercept.status import Status
from mxward.networks import Network

__all__ = ["as_object", "forwarding", "meanwhile", "show", "what"]

_FORWARDING = {4: "net.ipv4.ip_forward", 6: "net.ipv6.conf.all.forwarding"}
_PORTS = {
    Port.INTERCEPTED: "intercepted",
    Port.OPEN: "open: connections go straight to the mail server",
    Port.SHUT: "shut: no client gets through, and all come again later",
    Port.DOWN: "not intercepted",
}


def what(plan: Plan) -> str:
    """What is intercepted, in a line: `port 25 of 192.0.2.25, from eth0, by tproxy`."""
    networks: list[Network] = [*plan.servers4, *plan.servers6]
    servers = [str(net).removesuffix(f"/{net.max_prefixlen}") for net in networks]
    ports = f"port{'s' * (len(plan.ports) > 1)} {', '.join(map(str, plan.ports))}"
    method = "redirect" if plan.redirects else "tproxy"
    where = "this machine's" if plan.on_this_host else "behind this machine"
    return (
        f"{ports} of {', '.join(servers)} ({where}) from {', '.join(plan.interfaces)} by {method}"
    )


def forwarding(plan: Plan) -> list[str]:
    """What must be set in the kernel for a gateway."""
    return [] if plan.on_this_host else [_FORWARDING[version] for version in plan.families]


def meanwhile(plan: Plan) -> str:
    """What becomes of clients while the proxy is away."""
    if not plan.fails_open:
        return "clients are refused until it does"
    if plan.redirects:
        return "clients are refused until `mxward intercept watch` lets them go to the mail server"
    return "clients go to the mail server"


def show(status: Status) -> None:
    """For people."""
    screen = Screen()
    for label, text, style in _lines(status):
        screen.labelled(label, text, style)


def _lines(status: Status) -> Iterator[tuple[str, str, str]]:
    good, bad = "green", "bold red"
    yield "wanted", what(status.plan) if status.plan else "nothing is intercepted", ""
    yield "rules", _rules(status), good if status.as_configured else bad
    if status.plan:
        silent = f"does not answer: {status.why_silent}"
        yield "proxy", silent if status.why_silent else "answers", bad * bool(status.why_silent)
        yield "new", _port(status), good if _intercepts(status) else bad
        if status.report is None:
            yield "watchdog", "none runs: nobody would notice that mxward hangs", bad
    if status.found.rules:
        counted = [f"{count:,} {name}" for name, count in status.found.counted.items()]
        yield "counted", "  ".join(each for each in counted if "under way" not in each), ""
    if status.under_way or status.found.rules:
        yield "under way", f"{status.under_way} ends of connections", ""
    if status.plan and status.plan.fast_path:
        yield "fast path", f"{status.front_doors:,} addresses and networks", ""


def _rules(status: Status) -> str:
    standing = status.found.standing
    if standing is Standing.DOWN:
        return "not loaded" if status.plan is None else "not loaded; `mxward intercept up`"
    if standing is Standing.ENDING:
        return "taken down, and kept for connections under way"
    if status.plan is None:
        return "loaded, and not wanted; `mxward intercept down`"
    if not status.routed:
        return "loaded, but their routes are missing; `mxward intercept up`"
    if not status.found.is_as(status.plan):
        return "loaded, but not as the configuration wants them; `mxward intercept up`"
    return "loaded, as the configuration wants them"


def _port(status: Status) -> str:
    """What becomes of new connections, as the watchdog has told, or as it looks."""
    report = status.report
    if report is None:
        return _PORTS[_seen(status)]
    why = f" ({report.why})" if report.why else ""
    return f"{_PORTS[report.port]}, for {duration(time.time() - report.since)}{why}"


def _seen(status: Status) -> Port:
    if status.found.standing in (Standing.DOWN, Standing.ENDING):
        return Port.DOWN
    if status.found.standing is Standing.LIFTED:
        return Port.OPEN
    if not status.why_silent:
        return Port.INTERCEPTED
    plan = status.plan
    return Port.OPEN if plan and plan.fails_open and not plan.redirects else Port.SHUT


def _intercepts(status: Status) -> bool:
    port = status.report.port if status.report else _seen(status)
    return port is Port.INTERCEPTED


def as_object(status: Status) -> dict[str, Any]:
    """For programs."""
    report = status.report
    return {
        "wanted": what(status.plan) if status.plan else None,
        "rules": status.found.standing,
        "as_configured": status.as_configured,
        "routes": status.routed,
        "proxy_answers": not status.why_silent,
        "proxy_silent_because": status.why_silent or None,
        "port": report.port if report else _seen(status),
        "since": report.since if report else None,
        "why": (report.why or None) if report else None,
        "watchdog": report is not None,
        "counted": dict(status.found.counted),
        "under_way": status.under_way,
        "front_doors": status.front_doors,
    }
