"""Checks of [server]: its ends must not meet, and its addresses must tell what they have to."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from mxward.config.document import Config
from mxward.config.problems import Finding, Sound, note, warning
from mxward.model import Stage
from mxward.networks import Address, Networks, collapsed
from mxward.smtp.identity import Identity

__all__ = ["CHECKS"]

_WIDEST_BALANCERS = {4: 8, 6: 20}
_PRIVATE = Networks.of(
    *("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"),  # RFC 1918
    *("100.64.0.0/10", "fc00::/7"),  # RFC 6598, RFC 4193
    *("127.0.0.0/8", "::1/128", "169.254.0.0/16", "fe80::/10"),
    *("0.0.0.0/32", "::/128"),
)


def _listeners(config: Config, sound: Sound) -> Iterator[Finding]:
    listen = config.server.listen
    if not listen and not config.intercept:
        yield Finding(("server", "listen"), "server.listen: an empty list; write at least one")
    for index, end in enumerate(listen):
        if end.port and end in listen[:index]:
            where = ("server", "listen", index)
            yield Finding(where, f'server.listen: "{end}" stands here twice; leave one out')


# -- where mail goes to -----------------------------------------------------------------------


def _upstream(config: Config, sound: Sound) -> Iterator[Finding]:
    upstream = config.server.upstream
    if upstream is None:
        if sound("server", "upstream") and config.listen and not config.only_answers:
            yield config.no_upstream()
    elif upstream.host in (config.server.hostname, socket.gethostname()):
        if any(end.port == upstream.port for end in config.listeners):
            yield config.circle()
    elif any(config.meets_listener(end, upstream.port) for end in upstream.known_addresses):
        yield config.circle()


# -- what the mail server learns --------------------------------------------------------------


def _identity(config: Config, sound: Sound) -> Iterator[Finding]:
    if config.server.identity is not Identity.NONE:
        return
    if config.server.upstream is None and not config.intercept:
        return
    if not sound("server", "identity") or not sound("inventory"):
        return
    where = ("server", "identity")
    way = "transparent" if config.intercept and not config.listen else "proxy-v2"
    if config.inventory:
        can = "" if way == "transparent" else " if it can read that"
        yield warning(
            where,
            'server.identity: "none": the mail server takes every client for mxward, so recipients '
            f'outside the inventory are refused (550 5.7.1); write "{way}"{can}',
        )
    else:
        yield Finding(
            where,
            'server.identity: "none" and no inventory: every recipient would be refused; '
            f'write identity = "{way}", or [inventory] with files = ["/etc/localdomains"]',
        )


def _xclient(config: Config, sound: Sound) -> Iterator[Finding]:
    server = config.server
    if server.identity is Identity.XCLIENT:
        if server.upstream:
            yield note(
                ("server", "identity"),
                f'server.identity: "xclient": whoever reaches {server.upstream} can say to be any '
                "client; keep it to mxward alone (docs/xclient.md)",
            )
    elif "pool" in server.model_fields_set and server.pool and sound("server", "identity"):
        yield warning(
            ("server", "pool"),
            f"server.pool: {server.pool}, but a connection serves one client after another by "
            'XCLIENT only; write identity = "xclient", or leave pool out',
        )


def _transparent(config: Config, sound: Sound) -> Iterator[Finding]:
    """From a client's own address goes only what was intercepted: its answers come back here."""
    server, where = config.server, ("server", "identity")
    if server.identity is not Identity.TRANSPARENT or not sound("intercept"):
        return
    if not config.intercept:
        yield Finding(
            where,
            'server.identity: "transparent", but nothing is intercepted, so the mail server\'s '
            'answers would go to the client itself; write [intercept] with a layout, or "proxy-v2"',
        )
    elif config.listen:
        yield Finding(
            ("server", "listen"),
            'server.listen: with identity = "transparent" mxward has no clients but those that are '
            "intercepted; leave listen out",
        )


def _balancers(config: Config, sound: Sound) -> Iterator[Finding]:
    """A load balancer is believed, whatever client it names."""
    where, networks = ("server", "proxy_from"), config.server.proxy_from
    everywhere = [net.version for net in collapsed(networks) if net.prefixlen == 0]
    for version in everywhere:
        yield Finding(
            where,
            f"server.proxy_from: all of IPv{version}, so anybody could say to be anybody else; "
            "write your load balancers' addresses",
        )
    for index, net in enumerate(networks):
        widest = _WIDEST_BALANCERS[net.version]
        if net.prefixlen < widest and net.version not in everywhere:
            yield warning(
                (*where, index),
                f'server.proxy_from: "{net}" is wider than /{widest}, and whoever is in it can say '
                "to be any client; write your load balancers' addresses",
            )


# -- addresses --------------------------------------------------------------------------------


def _own_addresses(config: Config, sound: Sound) -> Iterator[Finding]:
    """A domain is *own* where its MX is the mail server: its public addresses must be known."""
    if config.own or not config.enforces:
        return
    if not sound("server", "listen") or not sound("server", "addresses"):
        return
    for index, end in enumerate(config.listen):
        if end.address and end.address in _PRIVATE:
            yield Finding(
                ("server", "listen", index),
                f'server.addresses: missing: "{end}" does not tell the mail server\'s own public '
                "addresses, and without them no stage but observe is safe; "
                'write addresses = ["192.0.2.25"]',
            )
            return


def _reroute_source(config: Config, sound: Sound) -> Iterator[Finding]:
    server, where = config.server, ("server", "reroute_source")
    if not server.reroute_source:
        if sound(*where) and Stage.REROUTE in config.stages_in_force:
            yield warning(
                ("server",),
                "server.reroute_source: missing while domains are rerouted: a blocklisting of "
                "rerouted spam may hit customers' mail; write an address of its own",
            )
        return
    for index, address in enumerate(server.reroute_source):
        if address.version in [other.version for other in server.reroute_source[:index]]:
            yield Finding(
                (*where, index),
                f'server.reroute_source: "{address}" is the second of IPv{address.version}; '
                "write one address for each",
            )
        elif address in _outbound(config):
            yield warning(
                (*where, index),
                f'server.reroute_source: "{address}" sends customers\' mail too: a blocklisting of '
                "rerouted spam would hit it; write an address of its own",
            )


def _outbound(config: Config) -> set[Address | None]:
    """Where customers' mail leaves from, as far as is known."""
    listening = tuple(end.address for end in config.listen)
    return set(config.server.outbound or config.server.addresses or listening)


CHECKS = (
    _listeners,
    _balancers,
    _upstream,
    _identity,
    _xclient,
    _transparent,
    _own_addresses,
    _reroute_source,
)
