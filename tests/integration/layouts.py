"""The two layouts: a mail server behind a gateway, and one on mxward's own machine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from mxward.config import Fail, InterceptSettings, Layout, Method
from mxward.intercept.plan import Plan, plan
from tests.integration.hosts import Host, wire
from tests.integration.transparent import Lines, Proxy, connects, proxying, serving, told

CLIENT = {4: "198.18.1.2", 6: "2001:db8:1::2"}
PORTS = (25, 587)


@dataclass(frozen=True, slots=True)
class Network:
    """A client, the machine that mxward is on, and where the mail server is."""

    layout: Layout
    client: Host
    mxward: Host
    server: Host
    addresses: dict[int, str]

    def plan(self, method: Method, **settings: object) -> Plan:
        wanted = plan(self.settings(method, **settings))
        assert wanted
        return wanted

    def settings(self, method: Method, **settings: object) -> InterceptSettings:
        values: dict[str, object] = {
            "layout": self.layout,
            "method": method,
            "interfaces": ["wan"],
            "servers": list(self.addresses.values()),
            "ports": list(PORTS),
            "fail": Fail.CLOSED,
        }
        return InterceptSettings.model_validate(values | settings)

    @contextmanager
    def proxy(self, plan: Plan) -> Iterator[Proxy]:
        """What stands where mxward will."""
        mark = plan.own_mark if plan.on_this_host else 0
        with proxying(self.mxward, plan.listen_port, mark, redirected=plan.redirects) as proxy:
            yield proxy

    def told(self, version: int, port: int = 25, *, from_port: int = 0) -> str:
        """How the client is greeted."""
        return told(self.client, CLIENT[version], self.addresses[version], port, from_port)

    def connects(self, version: int, port: int = 25) -> Lines:
        """A session of a client, which has been greeted."""
        session = connects(self.client, CLIENT[version], self.addresses[version], port)
        session.read()
        return session

    def proxied(self, version: int, port: int = 25) -> str:
        """How the client is greeted where its connection was intercepted."""
        client, target = CLIENT[version], f"{self.addresses[version]}:{port}"
        return f"proxy for {client} to {target}, server sees {client}"

    def direct(self, version: int) -> str:
        return f"server sees {CLIENT[version]}"


@contextmanager
def network(layout: Layout) -> Iterator[Network]:
    """The layout, with a mail server that serves PORTS and 26."""
    with wired(layout) as world, serving(world.server, *PORTS, 26):
        yield world


@contextmanager
def wired(layout: Layout) -> Iterator[Network]:
    """The layout, without a mail server."""
    with ExitStack() as stack:
        client, mxward = _host(stack), _host(stack)
        wire(client, "eth0", mxward, "wan")
        client.owns("eth0", f"{CLIENT[4]}/24", f"{CLIENT[6]}/64")
        mxward.owns("wan", "198.18.1.1/24", "2001:db8:1::1/64")
        if layout is Layout.HOST:
            server, addresses = mxward, {4: "198.18.1.1", 6: "2001:db8:1::1"}
        else:
            server, addresses = _behind(stack, client, mxward)
        yield Network(layout, client, mxward, server, addresses)


def _behind(stack: ExitStack, client: Host, gateway: Host) -> tuple[Host, dict[int, str]]:
    server = _host(stack)
    wire(gateway, "lan", server, "eth0")
    gateway.owns("lan", "198.18.2.1/24", "2001:db8:2::1/64")
    server.owns("eth0", "198.18.2.25/24", "2001:db8:2::25/64")
    gateway.sysctl("net.ipv4.ip_forward", 1)
    gateway.sysctl("net.ipv6.conf.all.forwarding", 1)
    for host, router4, router6 in (
        (client, "198.18.1.1", "2001:db8:1::1"),
        (server, "198.18.2.1", "2001:db8:2::1"),
    ):
        host.ip(f"route add default via {router4}")
        host.ip(f"-6 route add default via {router6}")
    return server, {4: "198.18.2.25", 6: "2001:db8:2::25"}


def _host(stack: ExitStack) -> Host:
    host = Host()
    stack.callback(host.close)
    return host
