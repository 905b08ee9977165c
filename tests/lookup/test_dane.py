"""TLSA records beside certificates; OpenSSL's own verification says the same."""

from __future__ import annotations

import socket
import ssl
import subprocess
from hashlib import sha256, sha512
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from mxward.lookup.dane import Association, associations, fits, name_of, wanted
from tests.certificates import Authority, Issued

HOST = "mx.example"


@pytest.fixture(scope="module")
def chain() -> Issued:
    """One below an authority below a root that stays away."""
    return Authority("Between", Authority("Root")).issue(HOST)


def data(certificate: x509.Certificate, selector: int, matching: int) -> str:
    key = certificate.public_key()
    selected = (
        certificate.public_bytes(Encoding.DER),
        key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    )[selector]
    return (selected, sha256(selected).digest(), sha512(selected).digest())[matching].hex()


def of_openssl(record: str, chain: Issued, folder: Path) -> bool:
    """Whether `openssl s_client` takes a server with this chain for the one that is meant."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*chain.write(folder, "mx"))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        command = f"openssl s_client -connect 127.0.0.1:{listener.getsockname()[1]} -no_ign_eof"
        command += f" -dane_tlsa_domain {HOST} -dane_ee_no_namechecks -verify_return_error"
        with subprocess.Popen(
            [*command.split(), "-dane_tlsa_rrdata", record],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            plain, _ = listener.accept()
            try:
                context.wrap_socket(plain, server_side=True).close()
            except OSError:
                plain.close()
            output, _ = process.communicate(timeout=10)
    return b"Verify return code: 0 (ok)" in output


@pytest.mark.parametrize("usage", [2, 3])
@pytest.mark.parametrize("selector", [0, 1])
@pytest.mark.parametrize("matching", [0, 1, 2])
@pytest.mark.parametrize("meant", ["leaf", "issuer", "stranger"])
def test_fits_as_openssl_says(
    usage: int, selector: int, matching: int, meant: str, chain: Issued, tmp_path: Path
) -> None:
    stranger = Authority("Between").certificate
    of = {"leaf": chain.certificate, "issuer": chain.above[0], "stranger": stranger}[meant]
    record = f"{usage} {selector} {matching} {data(of, selector, matching)}"
    (association,) = associations([record])
    found = fits(association, (chain.certificate, *chain.above), named=True)
    assert found == ((usage, meant) in ((3, "leaf"), (2, "issuer")))
    assert found == of_openssl(record, chain, tmp_path)


def test_an_issuer_vouches_for_a_name_only(chain: Issued) -> None:
    certificates = (chain.certificate, *chain.above)
    issuer, own = associations(
        [f"2 0 1 {data(chain.above[0], 0, 1)}", f"3 0 1 {data(chain.certificate, 0, 1)}"]
    )
    assert [fits(each, certificates, named=False) for each in (issuer, own)] == [False, True]


def test_what_to_publish(chain: Issued, tmp_path: Path) -> None:
    (association,) = associations([wanted(chain.certificate)])
    assert fits(association, (chain.certificate,), named=False)
    assert of_openssl(wanted(chain.certificate), chain, tmp_path)


def test_where_the_records_are() -> None:
    assert name_of("mx.example") == "_25._tcp.mx.example"


@pytest.mark.parametrize(
    "value",
    [
        "0 0 1 00ff",  # PKIX usages mean nothing for mail
        "1 1 1 00ff",
        "255 0 1 00ff",
        "3 2 1 00ff",
        "3 1 3 00ff",
        "3 1 1 0ff",
        "3 1 1 ",
        "3 1 1",
        "3 1 1 xx",
        "",
    ],
)
def test_what_is_of_no_use(value: str) -> None:
    assert list(associations([value, "3 1 1 00ff"])) == [Association(3, 1, 1, b"\x00\xff")]


@given(st.lists(st.text(alphabet="0123 af\n", max_size=12)))
def test_no_record_is_too_strange(values: list[str]) -> None:
    for each in associations(values):
        assert f"{each.usage} {each.selector} {each.matching} {each.data.hex()}" in values
