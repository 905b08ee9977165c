"""What `check-config` finds about certificates: in the files, beside the mail server's, in the DNS.

What could not be looked at is told too: silence means that all is well. Not supported: whether the
mail server's certificate verifies, others that it has for other names (SNI), the MTA-STS policy's
own list of hosts, whether TLSA records are signed.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

from cryptography import x509

from mxward.cli import resolving
from mxward.cli.promises import CERTIFICATES, SHOWN, judge
from mxward.cli.published import MOST, published
from mxward.cli.wiring import certificates
from mxward.config import Config, ConfigError, Problem
from mxward.config.problems import Finding, warning
from mxward.domains import Domains
from mxward.lookup.shown import NothingShown, Shown, look
from mxward.networks import Address
from mxward.proxy.certificate_files import covers, names_in
from mxward.proxy.certificates import Certificates
from mxward.proxy.tls import upstream_context
from mxward.smtp.secrecy import Tls

__all__ = ["check_certificates"]

_PATIENCE = 5.0  # seconds for the mail server in all


def check_certificates(config: Config, inventory: Domains, *, offline: bool) -> list[Problem]:
    """All that is wrong; only what the files themselves show where we are `offline`."""
    if not _readable(config):
        return []  # told already; mxward's own user may well be able to
    try:
        ours = certificates(config)
    except ConfigError as error:
        return list(error.problems)
    told = ours.warnings if ours else ()
    found = [warning(CERTIFICATES, f"tls.certificates: {text}") for text in told]
    needless = ours is None and config.tls.hide_starttls
    if not (offline or needless or config.server.upstream is None):
        found += asyncio.run(_look_around(config, ours, inventory))
    return [Problem(config.place(*each.path), each.text, each.severity) for each in found]


def _readable(config: Config) -> bool:
    keys = [path for entry in config.tls.certificates for path in (entry.chain, entry.key)]
    return all(os.access(path, os.R_OK) for path in [*keys, config.tls.client_ca] if path)


async def _look_around(
    config: Config, ours: Certificates | None, inventory: Domains
) -> list[Finding]:
    found: list[Finding] = []
    theirs: x509.Certificate | None = None
    try:
        shown = await _look(config)
    except NothingShown as why:
        text = (
            f'server.upstream: "{config.server.upstream}" could not be asked for STARTTLS: {why}; '
            "check again when it answers, or with --offline"
        )
        found.append(warning(("server", "upstream"), text))
    except ConfigError:
        pass  # that it leads nowhere is told already
    else:
        theirs = shown.certificate
        found += _beside(ours, shown)
    if ours is not None:
        found += await _look_up(config, ours, theirs, inventory)
    return found


async def _look(config: Config) -> Shown:
    end, server = resolving.mail_server(config), config.server
    context = upstream_context(Tls.OPPORTUNISTIC, None)
    return await look(end, server.name(), server.identity, context, _PATIENCE)


def _beside(ours: Certificates | None, shown: Shown) -> Iterator[Finding]:
    if shown.starttls and ours is None:
        yield warning(
            CERTIFICATES,
            "tls.certificates: missing, but the mail server offers STARTTLS, so mxward will not "
            'serve; write certificates = [{ chain = "/etc/mxward/mx.pem", '
            'key = "/etc/mxward/mx.key" }], or hide_starttls = true',
        )
    if shown.certificate is not None and ours is not None:
        yield from _missing_names(ours, shown.certificate)
        yield from _self_signed(ours, shown.certificate)


def _missing_names(ours: Certificates, theirs: x509.Certificate) -> Iterator[Finding]:
    have = frozenset(name for each in ours.served for name in each.names)
    missing = [name for name in names_in(theirs) if not covers(have, name)]
    for name in missing[:SHOWN]:
        yield warning(
            CERTIFICATES,
            f'tls.certificates: none is for "{name}", as the mail server\'s is; have one made that '
            "has this name too",
        )
    if len(missing) > SHOWN:
        more = f"{len(missing) - SHOWN:,} more names of the mail server's certificate"
        yield warning(CERTIFICATES, f"tls.certificates: none is for {more}")


def _self_signed(ours: Certificates, theirs: x509.Certificate) -> Iterator[Finding]:
    for each in ours.served:
        if _signs_itself(each.chain[0]) and not _signs_itself(theirs):
            yield warning(
                CERTIFICATES,
                f"tls.certificates: {each.files.chain} is signed by itself, the mail server's by "
                "an authority: senders that verify would not deliver; have it signed as well",
            )


def _signs_itself(certificate: x509.Certificate) -> bool:
    return certificate.issuer == certificate.subject


async def _look_up(
    config: Config, ours: Certificates, theirs: x509.Certificate | None, inventory: Domains
) -> list[Finding]:
    try:
        resolver = resolving.resolver(config)
    except ConfigError:
        return []  # told already
    own = _own(config)
    if inventory and not own:
        text = (
            "server.addresses: missing, so it is not known which domains are own, nor what senders "
            'to them were promised about certificates; write addresses = ["192.0.2.25"]'
        )
        return [warning(("server",), text)]
    domains = [name for name in inventory if not name.startswith("*.")]
    names = [name for name in names_in(theirs) if not name.startswith("*.")] if theirs else []
    found = await published(resolver, domains[:MOST], own, names)
    return list(judge(ours, found, len(domains[MOST:])))


def _own(config: Config) -> frozenset[Address]:
    """The mail server's addresses, as MX records have them; else those that mxward listens at."""
    listeners = [end.address for end in config.listen]
    heard = frozenset(each for each in listeners if each and not each.is_unspecified)
    return config.own or heard
