"""A certificate authority of the tests' own, and certificates signed by it, in a test's folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

__all__ = ["BOTH", "CLIENT", "SERVER", "Authority", "Issued", "key_pem", "self_signed", "weak_key"]

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

SERVER = (ExtendedKeyUsageOID.SERVER_AUTH,)
CLIENT = (ExtendedKeyUsageOID.CLIENT_AUTH,)
BOTH = (*SERVER, *CLIENT)


@dataclass(frozen=True)
class Issued:
    """A certificate with its key and what stands between it and the root."""

    certificate: x509.Certificate
    key: Key
    above: tuple[x509.Certificate, ...] = ()

    @property
    def chain_pem(self) -> bytes:
        return b"".join(c.public_bytes(Encoding.PEM) for c in (self.certificate, *self.above))

    def write(self, folder: Path, name: str) -> tuple[str, str]:
        """As `NAME.pem` and `NAME.key`; gives both paths."""
        chain, key = folder / f"{name}.pem", folder / f"{name}.key"
        chain.write_bytes(self.chain_pem)
        key.write_bytes(key_pem(self.key))
        return str(chain), str(key)


class Authority:
    """Signs what it is asked to; a root, or below another one."""

    def __init__(self, name: str = "Test CA", signer: Authority | None = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._signer = signer or self
        now = datetime.now(UTC)
        builder = (
            _builder(self._name, self._signer._name, self.key, now - timedelta(1), 3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_usage(signs_certificates=True), critical=True)
            .add_extension(_authority_key(self._signer.key), critical=False)
        )
        self.certificate = builder.sign(self._signer.key, hashes.SHA256())

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def write(self, folder: Path, name: str = "ca") -> str:
        path = folder / f"{name}.pem"
        path.write_bytes(self.pem)
        return str(path)

    def issue(
        self,
        *names: str,
        days: float = 90,
        age: float = 0.5,
        purposes: Sequence[x509.ObjectIdentifier] = BOTH,
        key: Key | None = None,
        in_san: Sequence[str] | None = None,
    ) -> Issued:
        """A certificate for these DNS names, `age` days old and valid for `days` more.

        The first name is its subject too; `in_san` are those of subjectAltName if not all are.
        """
        key = key or ec.generate_private_key(ec.SECP256R1())
        begin = datetime.now(UTC) - timedelta(age)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
        builder = _builder(subject, self._name, key, begin, age + days)
        builder = builder.add_extension(_authority_key(self.key), critical=False)
        builder = _with_names(builder, names if in_san is None else in_san, purposes)
        signed = builder.sign(self.key, hashes.SHA256())
        above = () if self._signer is self else (self.certificate,)
        return Issued(signed, key, above)


def self_signed(*names: str, days: float = 90) -> Issued:
    """A certificate that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    builder = _builder(subject, subject, key, datetime.now(UTC) - timedelta(1), 1 + days)
    return Issued(_with_names(builder, names, BOTH).sign(key, hashes.SHA256()), key)


def weak_key(bits: int) -> rsa.RSAPrivateKey:
    """As old machines have them."""
    return rsa.generate_private_key(65537, bits)


def key_pem(key: Key, password: bytes | None = None) -> bytes:
    how: KeySerializationEncryption = NoEncryption()
    if password is not None:
        how = BestAvailableEncryption(password)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, how)


def _builder(
    subject: x509.Name, issuer: x509.Name, key: Key, begin: datetime, days: float
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _with_names(
    builder: x509.CertificateBuilder,
    names: Sequence[str],
    purposes: Sequence[x509.ObjectIdentifier],
) -> x509.CertificateBuilder:
    builder = builder.add_extension(
        x509.BasicConstraints(ca=False, path_length=None), critical=True
    )
    if names:
        alternatives = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
        builder = builder.add_extension(alternatives, critical=False)
    if purposes:
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
    return builder


def _authority_key(key: ec.EllipticCurvePrivateKey) -> x509.AuthorityKeyIdentifier:
    return x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key())


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        encipher_only=False,
        decipher_only=False,
    )
