"""TLSA records (RFC 6698), as mail senders read them (RFC 7672): does a certificate fit them?

Supported: the usages 2 (DANE-TA) and 3 (DANE-EE); both selectors; both digests and none. The other
usages mean nothing for mail (RFC 7672 3.1.3) and are left out, as is what cannot be read. Not
supported: DNSSEC. Senders believe signed records only; here unsigned ones are compared as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256, sha512

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

__all__ = ["Association", "associations", "fits", "name_of", "wanted"]

_FORM = re.compile(r"([23]) ([01]) ([012]) ([0-9a-f]{2,})", re.ASCII)
_ISSUER = 2


@dataclass(frozen=True, slots=True)
class Association:
    """One usable TLSA record."""

    usage: int
    selector: int
    matching: int
    data: bytes


def name_of(host: str) -> str:
    """Where the records of a mail host are."""
    return f"_25._tcp.{host}"


def associations(values: Iterable[str]) -> Iterator[Association]:
    """The usable ones of TLSA values."""
    for value in values:
        form = _FORM.fullmatch(value)
        if form and len(form[4]) % 2 == 0:
            usage, selector, matching = (int(form[n]) for n in (1, 2, 3))
            yield Association(usage, selector, matching, bytes.fromhex(form[4]))


def fits(record: Association, chain: Sequence[x509.Certificate], *, named: bool) -> bool:
    """Whether a server that shows this chain, its own first, is the one that is meant.

    `named` is whether its own has the host's name: an issuer vouches for a name, a record of the
    certificate itself needs none (RFC 7672 3.1.1).
    """
    if record.usage == _ISSUER:
        return named and any(_matches(record, each) for each in chain[1:])
    return _matches(record, chain[0])


def wanted(certificate: x509.Certificate) -> str:
    """The record that fits a certificate for as long as its key stays."""
    return f"3 1 1 {sha256(_key(certificate)).hexdigest()}"


def _matches(record: Association, certificate: x509.Certificate) -> bool:
    selected = _key(certificate) if record.selector else certificate.public_bytes(Encoding.DER)
    digests = (bytes, lambda octets: sha256(octets).digest(), lambda o: sha512(o).digest())
    return digests[record.matching](selected) == record.data


def _key(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
