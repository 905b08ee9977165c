"""A 4 KB message to a real Postfix, with a proxy before it and without: the CPU of both together.

Postfix delivers to discard(8); what it does with its queue is the same in all rows, and is waited
for. With xclient it has a port of its own, on which one client may follow another.
"""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial
from pathlib import Path

from benchmarks.peers import Peer
from benchmarks.peers.haproxy import HAProxy
from benchmarks.peers.mxward import Mxward, dns
from benchmarks.peers.postfix import PostfixMailServer
from benchmarks.results import Result, Target
from benchmarks.rounds import Contender, Effort, cpu_per_session, ratio
from benchmarks.works.relayed import POOLED, sends

_ADDRESS = "192.0.2.2"
_WITH_PROXY, _WITH_XCLIENT = (_ADDRESS, 10025), (_ADDRESS, 10026)
_V2 = 'identity = "proxy-v2"\n'


def run(directory: Path, effort: Effort) -> Result:
    with ExitStack() as stack:
        stack.enter_context(dns(directory))
        postfix = stack.enter_context(PostfixMailServer(directory / "postfix", _ADDRESS))
        fresh = Mxward(directory / "mxward", "192.0.2.10", _WITH_PROXY, server=_V2)
        pooled = Mxward(directory / "pooled", "192.0.2.11", _WITH_XCLIENT, server=POOLED)
        haproxy = HAProxy(directory / "haproxy", "192.0.2.21", _WITH_PROXY, "send-proxy-v2")
        why_not = pooled.why_not()
        servers: dict[str, Peer] = {"mxward, proxy-v2": fresh, "HAProxy, send-proxy-v2": haproxy}
        if why_not is None:
            servers["mxward, xclient and pool"] = pooled
        contender = partial(Contender, settled=postfix.wait_until_settled)
        contenders = [contender("no proxy", (postfix.pid,), sends(_ADDRESS))]
        for name, server in servers.items():
            stack.enter_context(server)
            pids = (server.pid, postfix.pid)
            contenders.append(contender(name, pids, sends(server.address)))
        rows = cpu_per_session(contenders, effort)
    by_name = {row.name: row for row in rows}
    ours = by_name.get("mxward, xclient and pool")
    value = ratio(ours, by_name["no proxy"]) if ours else None
    target = Target("CPU of both against Postfix alone", value, 1.0, note=why_not or "")
    return Result("before-postfix", "4 KB to Postfix", "us of CPU per session", rows, [target])
