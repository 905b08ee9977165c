"""Checks of [intercept]: it must be known what is intercepted, and nothing may go in circles."""

from __future__ import annotations

from collections.abc import Iterator

from mxward.config.check_tls import CERTIFICATE
from mxward.config.document import Config
from mxward.config.endpoints import Endpoint
from mxward.config.problems import Finding, Sound, warning
from mxward.config.words import Layout
from mxward.networks import Networks

__all__ = ["CHECKS"]


def _missing(config: Config, sound: Sound) -> Iterator[Finding]:
    """All that must be told where anything is intercepted."""
    for key, example in (
        ("interfaces", '["eth0"], by which clients come in'),
        ("servers", '["192.0.2.25"], the mail servers\' addresses'),
        ("ports", "[25]"),
    ):
        if config.intercept and not getattr(config.intercept, key) and sound("intercept", key):
            where = ("intercept", key if key in config.intercept.model_fields_set else "layout")
            yield Finding(
                where,
                f"intercept.{key}: missing, so nothing is intercepted; write {key} = {example}",
            )


def _needless(config: Config, sound: Sound) -> Iterator[Finding]:
    given = config.intercept.model_fields_set & {"interfaces", "servers", "ports", "fast_path"}
    if given and not config.intercept and sound("intercept", "layout"):
        yield warning(
            ("intercept",),
            'intercept.layout: "none", so nothing is intercepted; write "host" where the mail '
            'server is on this machine, "gateway" where it is behind it',
        )


def _everything(config: Config, sound: Sound) -> Iterator[Finding]:
    for index, server in enumerate(config.intercept.servers):
        where = ("intercept", "servers", index)
        if server.prefixlen == 0:
            yield Finding(
                where,
                f'intercept.servers: "{server}" is everybody\'s mail server; '
                "write the addresses of yours",
            )
        elif server.is_loopback or server.is_link_local or server.is_multicast:
            yield Finding(
                where,
                f'intercept.servers: "{server}" is nowhere that a client could connect to; '
                "write the mail server's address as clients know it",
            )


def _ports(config: Config, sound: Sound) -> Iterator[Finding]:
    intercept = config.intercept
    if not sound("intercept", "ports"):
        return
    for index, port in enumerate(intercept.tls_ports):
        if port not in intercept.ports:
            yield Finding(
                ("intercept", "tls_ports", index),
                f"intercept.tls_ports: {port} is not among ports; "
                f"write ports = {sorted({*intercept.ports, port})}",
            )
    if intercept and intercept.listen_port in intercept.ports:
        yield Finding(
            ("intercept", "listen_port"),
            f"intercept.listen_port: {intercept.listen_port} is among ports, where the mail server "
            "listens; write one that nobody uses",
        )


def _listeners(config: Config, sound: Sound) -> Iterator[Finding]:
    """The port for intercepted connections is mxward's on every address."""
    if not config.intercept or "listen" not in config.server.model_fields_set:
        return
    for index, end in enumerate(config.listen):
        if end.port == config.intercept.listen_port:
            yield Finding(
                ("server", "listen", index),
                f'server.listen: "{end}" has the port of intercept.listen_port; '
                "write another, or leave listen out",
            )
        elif _is_intercepted(config, end):
            yield Finding(
                ("server", "listen", index),
                f'server.listen: "{end}" is intercepted: what goes on to there would come back to '
                "mxward; leave listen out",
            )


def _is_intercepted(config: Config, end: Endpoint) -> bool:
    """Whether mxward would listen where an intercepted connection goes on to."""
    intercept = config.intercept
    if end.address is None or end.port not in intercept.ports:
        return False
    if end.address.is_unspecified:
        version = end.address.version
        here = intercept.layout is Layout.HOST
        return here and any(net.version == version for net in intercept.servers)
    return end.address in Networks(intercept.servers)


def _own(config: Config, sound: Sound) -> Iterator[Finding]:
    """A domain is *own* where its MX is a mail server: each of these must be known."""
    if config.server.addresses or not config.enforces or not sound("server", "addresses"):
        return
    for index, server in enumerate(config.intercept.servers if config.intercept else ()):
        if server.prefixlen != server.max_prefixlen:
            yield Finding(
                ("intercept", "servers", index),
                f'server.addresses: missing: "{server}" does not tell the mail servers\' addresses '
                "one by one, and without them no stage but observe is safe; "
                f'write addresses = ["{server.network_address + 1}"]',
            )
            return


def _upstream(config: Config, sound: Sound) -> Iterator[Finding]:
    if config.intercept and config.server.upstream and not config.listen:
        yield warning(
            ("server", "upstream"),
            f'server.upstream: "{config.server.upstream}" is not used: what is intercepted goes on '
            "to where it was going; leave it out",
        )


def _tls(config: Config, sound: Sound) -> Iterator[Finding]:
    """Who has used STARTTLS with a mail server must find it there."""
    if not config.intercept or config.tls.certificates or not sound("tls"):
        return
    if config.intercept.tls_ports:
        yield Finding(
            ("intercept", "tls_ports"),
            f"intercept.tls_ports: on port {config.intercept.tls_ports[0]} TLS comes first, and "
            f"mxward has no certificate; {CERTIFICATE}",
        )
    elif not config.tls.hide_starttls:
        yield Finding(
            ("tls",) if "tls" in config.model_fields_set else ("intercept", "layout"),
            "tls.certificates: missing: where a mail server offers STARTTLS, whoever uses it now "
            f"would go on in the clear; {CERTIFICATE}, or hide_starttls = true",
        )


CHECKS = (_missing, _needless, _everything, _ports, _listeners, _own, _upstream, _tls)
