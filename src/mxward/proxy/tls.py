"""TLS contexts: the server's side towards clients, the client's side towards upstreams.

Mail is encrypted where it can be (RFC 7435): what is weak is better than the clear text that would
come instead, so that where nobody is verified OpenSSL's security level is 0, as Postfix has it.
Where somebody is, it is higher.
Not supported: OCSP stapling, CRLs, DANE, SSLKEYLOGFILE (no secret is ever written), renegotiation,
and an intermediate as the only authority: a chain is believed up to a root that is in the file.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mxward.proxy.certificate_files import CertificateFiles, dns_names, reason
from mxward.smtp.secrecy import Tls

__all__ = ["names_of", "server_context", "upstream_context"]

_LIBERAL = "DEFAULT:@SECLEVEL=0"
_BELIEVING = "DEFAULT:@SECLEVEL=2"  # no certificate signed with SHA-1, no RSA key below 2048 bits
_MINIMUM = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


def server_context(
    files: CertificateFiles, minimum: str, *, asks: bool = False, ca: str | None = None
) -> ssl.SSLContext:
    """A context that shows this certificate, and with `asks` wants to see the client's.

    `ca` is a file; None means the system's authorities. Raises ValueError with one line.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _MINIMUM[minimum]
    context.options |= ssl.OP_NO_RENEGOTIATION
    context.set_ciphers(_BELIEVING if asks else _LIBERAL)
    _load(context, files)
    if asks:
        _believe(context, ca, ssl.Purpose.CLIENT_AUTH)
        context.verify_mode = ssl.CERT_OPTIONAL
    return context


def upstream_context(tls: Tls, ca: str | None) -> ssl.SSLContext:
    """A context for upstreams, `ca` as above.

    OPPORTUNISTIC takes whatever is shown. VERIFIED takes a certificate that an authority vouches
    for and that has the name given as `server_hostname` in its subjectAltName (RFC 9525).
    Raises ValueError with one line.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if tls is Tls.VERIFIED:
        context.hostname_checks_common_name = False
        _believe(context, ca, ssl.Purpose.SERVER_AUTH)
    elif tls is Tls.OPPORTUNISTIC:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers(_LIBERAL)
    else:
        raise ValueError("no TLS is wanted, so there is no context for it")
    return context


def names_of(certificate: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The DNS names of a verified peer's certificate, as `SSLObject.getpeercert` gives it.

    Only those in subjectAltName (RFC 6125 6.4.4), in their normal spelling. `*.example.net` stays
    as it is: it proves something below example.net, and no single name there. None, which is what
    a peer without a certificate has, and the {} of one that was not verified, have no names.
    """
    pairs = (certificate or {}).get("subjectAltName", ())
    return tuple(dict.fromkeys(dns_names(text for kind, text in pairs if kind == "DNS")))


class _Encrypted(Exception):
    """OpenSSL asked for a password."""


def _no_password() -> str:
    """Without this, OpenSSL would ask on the terminal."""
    raise _Encrypted


def _load(context: ssl.SSLContext, files: CertificateFiles) -> None:
    try:
        with Path(files.key).open("rb"):
            pass  # where both could be missing, OpenSSL does not say which one is
        context.load_cert_chain(files.chain, files.key, _no_password)
    except _Encrypted:
        mend = f"write it without: openssl pkey -in {files.key}"
        raise ValueError(f"{files.key}: the key has a password; {mend}") from None
    except ssl.SSLError as error:
        raise ValueError(_unusable(files, error)) from None
    except OSError as error:
        raise ValueError(f"{files.key}: {reason(error)}") from None


def _unusable(files: CertificateFiles, error: ssl.SSLError) -> str:
    if error.reason in ("KEY_VALUES_MISMATCH", "KEY_TYPE_MISMATCH"):
        fits = f"does not fit the first certificate of {files.chain}"
        return f"{files.key}: the key {fits}; name the key that it was made with"
    if error.reason and "TOO_" in error.reason:
        return f"{files.chain}: too weak for OpenSSL ({error.reason}); have a stronger one made"
    return f"{files.key}: no private key is in it as PEM text; name the file of the key"


def _believe(context: ssl.SSLContext, ca: str | None, purpose: ssl.Purpose) -> None:
    """Load the authorities that may vouch for the other side."""
    if ca is None:
        context.load_default_certs(purpose)
        return
    try:
        context.load_verify_locations(ca)
    except ssl.SSLError:
        mend = "name the file with the authorities' certificates"
        raise ValueError(f"{ca}: no certificate is in it as PEM text; {mend}") from None
    except OSError as error:
        raise ValueError(f"{ca}: {reason(error)}") from None
