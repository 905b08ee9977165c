"""Checks of [tls], and of what rests on it: client certificates, AUTH, the upstream's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mxward.config.document import Config
from mxward.config.places import KeyPath
from mxward.config.problems import Finding, Sound, quoted, warning
from mxward.smtp.secrecy import Auth, Tls

__all__ = ["CHECKS"]

CERTIFICATE = 'write [tls] with certificates = [{ chain = "mx.pem", key = "mx.key" }]'


def _files(config: Config, sound: Sound) -> Iterator[Finding]:
    """Whether they are there; what is in them is another question."""
    for where, path in _paths(config):
        key = ".".join(part for part in where if isinstance(part, str))
        try:
            with Path(path).open("rb"):
                pass
        except PermissionError:
            yield warning(
                where,
                f"{key}: {path} cannot be read by whoever asks here; "
                "mxward's own user must be able to",
            )
        except FileNotFoundError:
            yield Finding(where, f"{key}: {path}: no such file; write where it is")
        except OSError as error:
            yield Finding(where, f"{key}: {path} cannot be read: {error.strerror}")


def _paths(config: Config) -> Iterator[tuple[KeyPath, str]]:
    for index, certificate in enumerate(config.tls.certificates):
        yield ("tls", "certificates", index, "chain"), certificate.chain
        yield ("tls", "certificates", index, "key"), certificate.key
    for key, path in (("client_ca", config.tls.client_ca), ("upstream_ca", config.tls.upstream_ca)):
        if path:
            yield ("tls", key), path


# -- client certificates ----------------------------------------------------------------------


def _without_tls(config: Config, sound: Sound) -> Iterator[Finding]:
    if config.tls.certificates or not sound("tls") or not config.stands_before:
        return  # without mxward before it, the mail server itself asks for certificates
    for where, name in _asked_for(config):
        key = ".".join(part for part in where if isinstance(part, str))
        yield Finding(
            where,
            f"{key}: {quoted(name)}, but a client shows its certificate within TLS only, and "
            f"mxward has none of its own; {CERTIFICATE}",
        )


def _asked_for(config: Config) -> Iterator[tuple[KeyPath, str]]:
    for name, scanner in config.scanners.items():
        for index, wanted in enumerate(scanner.certificates):
            yield ("scanners", name, "certificates", index), wanted
    for index, entry in enumerate(config.trust):
        if entry.certificate:
            yield ("trust", index, "certificate"), entry.certificate


def _client_ca(config: Config, sound: Sound) -> Iterator[Finding]:
    if not config.tls.client_ca or config.asks_for_certificates:
        return
    if sound("scanners") and sound("trust"):
        yield warning(
            ("tls", "client_ca"),
            "tls.client_ca: no client is asked for a certificate, for no entry of [[trust]] and no "
            "scanner names one; leave it out",
        )


# -- STARTTLS and AUTH ------------------------------------------------------------------------


def _hidden(config: Config, sound: Sound) -> Iterator[Finding]:
    if config.tls.hide_starttls and config.tls.certificates:
        yield warning(
            ("tls", "hide_starttls"),
            "tls.hide_starttls: true, but STARTTLS is offered, for there are certificates; "
            "leave one of them out",
        )


def _passwords(config: Config, sound: Sound) -> Iterator[Finding]:
    where = ("server", "auth")
    if config.server.auth is Auth.ALWAYS:
        yield warning(
            where,
            'server.auth: "always": passwords cross the network in the clear; write "tls"',
        )
    elif "auth" not in config.server.model_fields_set or config.server.auth is Auth.NEVER:
        return
    elif not config.tls.certificates and sound("tls") and sound(*where):
        yield warning(
            where,
            f'server.auth: "tls", but there is no TLS, so AUTH is never offered; {CERTIFICATE}',
        )


# -- the mail server's certificate ------------------------------------------------------------


def _upstream_name(config: Config, sound: Sound) -> Iterator[Finding]:
    server = config.server
    if not sound("server", "upstream_tls") or not sound("server", "upstream_name"):
        return
    verified = server.upstream_tls is Tls.VERIFIED
    if server.upstream_name and not verified:
        yield warning(
            ("server", "upstream_name"),
            f"server.upstream_name: {quoted(server.upstream_name)} is not asked for; "
            'write upstream_tls = "verified" too',
        )
    elif verified and not server.upstream_name and config.intercept:
        yield Finding(
            ("server", "upstream_tls"),
            'server.upstream_tls: "verified", but what is intercepted goes on to an address, and '
            "hardly any certificate is made out to one; "
            'write upstream_name = "mail.example.net"',
        )
    elif verified and not server.upstream_name and server.upstream and server.upstream.address:
        yield Finding(
            ("server", "upstream_tls"),
            f'server.upstream_tls: "verified", but "{server.upstream}" has no name that a '
            'certificate could be right for; write upstream_name = "mail.example.net"',
        )


CHECKS = (_files, _without_tls, _client_ca, _hidden, _passwords, _upstream_name)
