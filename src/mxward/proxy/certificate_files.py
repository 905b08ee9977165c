"""Reading a certificate and its key from PEM files, so that what is wrong can be said in one line.

OpenSSL decides what can be served; the certificate is looked at for its names and its time.
Supported: a chain in one file with the server's own certificate first, the key in a file of its own
or in the same one, RSA, ECDSA, Ed25519. Not supported: encrypted keys (nobody is there to type),
PKCS #12, keys in hardware, names outside subjectAltName.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm

from mxward.domains import normal

__all__ = [
    "CertificateFiles",
    "ServerCertificate",
    "covers",
    "dns_names",
    "names_in",
    "read",
    "reason",
]

_SOON = 14 * 86400.0
"""Seconds before its end from which on a certificate is told to end."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """A certificate with what stands between it and its root, and its key: paths of PEM files."""

    chain: str
    key: str


@dataclass(frozen=True, slots=True)
class ServerCertificate:
    """A certificate of the proxy's own, the chain with it. Times are seconds since the epoch."""

    files: CertificateFiles
    chain: tuple[x509.Certificate, ...]
    names: tuple[str, ...]
    begins: float
    ends: float

    def is_for(self, name: str) -> bool:
        """Whether it is one for this name, which may be a `*.name` itself."""
        return covers(self.names, name)

    def complaint(self, now: float) -> str:
        """What is wrong with its time, or will be soon; "" where nothing is."""
        named = (
            f"{self.files.chain}: the certificate for {self.names[0] if self.names else 'no name'}"
        )
        if now < self.begins:
            return f"{named} is not valid before {_day(self.begins)}; is the clock right?"
        if now >= self.ends:
            return f"{named} is over since {_day(self.ends)}; renew it"
        if now >= self.ends - _SOON:
            return f"{named} ends on {_day(self.ends)}; renew it"
        return ""


def read(files: CertificateFiles) -> ServerCertificate:
    """Read the chain; the key is OpenSSL's business. Raises ValueError with one line."""
    try:
        octets = Path(files.chain).read_bytes()
    except OSError as error:
        raise ValueError(f"{files.chain}: {reason(error)}") from None
    try:
        chain = tuple(x509.load_pem_x509_certificates(octets))
    except (ValueError, UnsupportedAlgorithm):
        what = "is broken" if b"-----BEGIN CERTIFICATE-----" in octets else "is in it as PEM text"
        no = "a certificate in it" if what == "is broken" else "no certificate"
        mend = "write the server's certificate and those above it into this file"
        raise ValueError(f"{files.chain}: {no} {what}; {mend}") from None
    leaf = chain[0]
    begins, ends = leaf.not_valid_before_utc.timestamp(), leaf.not_valid_after_utc.timestamp()
    return ServerCertificate(files, chain, names_in(leaf), begins, ends)


def names_in(certificate: x509.Certificate) -> tuple[str, ...]:
    """The DNS names of a certificate, as `dns_names` has them."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except (x509.ExtensionNotFound, ValueError, x509.DuplicateExtension):
        return ()
    return tuple(dns_names(found.value.get_values_for_type(x509.DNSName)))


def covers(names: Collection[str], name: str) -> bool:
    """Whether one of these names, or a wildcard among them, stands for a name or `*.name`."""
    return name in names or f"*.{name.partition('.')[2]}" in names


def dns_names(texts: Iterable[str]) -> Iterator[str]:
    """Names in their normal spelling, `*.` in front kept; what is no such name is left out.

    A `*` anywhere but as the whole first label names nothing (RFC 6125 6.4.3), nor does what is
    not ASCII (RFC 5280 7.2).
    """
    for text in filter(str.isascii, texts):
        star = "*." if text.startswith("*.") else ""
        try:
            yield star + normal(text.removeprefix(star))
        except ValueError:
            continue


def reason(error: OSError) -> str:
    """Why a file could not be read, and what to do."""
    if isinstance(error, FileNotFoundError):
        return "no such file; write one, or name another"
    return f"cannot be read: {error.strerror}; let the user that mxward runs as read it"


def _day(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"
