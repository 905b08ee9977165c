"""What the system has to find: the DNS servers, and the mail server's address.

Both are found once, at the start. What cannot be found, or must not be, is a mistake of one line.
"""

from __future__ import annotations

import socket

from mxward.config import Config, ConfigError, Problem
from mxward.lookup.resolver import DnsResolver
from mxward.networks import address
from mxward.smtp.secrecy import Tls
from mxward.smtp.vocabulary import Endpoint

__all__ = ["NotFound", "mail_server", "resolver"]


class NotFound(ConfigError):
    """A name leads nowhere now; it may later, or elsewhere."""


def resolver(config: Config) -> DnsResolver:
    """The DNS servers that are configured, or the system's. Raises ConfigError: there are none."""
    servers = [(end.host, end.port) for end in config.dns.servers] or None
    try:
        return DnsResolver(servers, config.dns.timeout)
    except ValueError as error:
        text = f'dns.servers: {error}; write servers = ["127.0.0.1:53"]'
        raise ConfigError([Problem(config.place("dns", "servers"), text)]) from None


def mail_server(config: Config) -> Endpoint:
    """The mail server's end as an address: the first that its name has.

    Raises NotFound, or ConfigError where there is none, or where any address is mxward's own.
    """
    end, place = config.upstream(), config.place("server", "upstream")
    try:
        answers = socket.getaddrinfo(end.host, end.port, type=socket.SOCK_STREAM)
    except OSError as error:
        text = f'server.upstream: "{end.host}" cannot be looked up: {error.strerror}'
        raise NotFound([Problem(place, f"{text}; write its address")]) from None
    found = [address(str(answer[4][0])) for answer in answers]
    if any(config.meets_listener(each, end.port) for each in found):
        raise ConfigError([Problem(place, config.circle().text)])
    on_this_host = config.server.upstream_tls is None and found[0].is_loopback
    tls = Tls.NONE if on_this_host else config.upstream_tls()
    return Endpoint(found[0], end.port, config.upstream_name(), tls=tls)
