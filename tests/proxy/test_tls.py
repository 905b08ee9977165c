"""Contexts towards upstreams, and the names that a certificate proves."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.domains import normal
from mxward.proxy.certificate_files import CertificateFiles
from mxward.proxy.tls import names_of, server_context, upstream_context
from mxward.smtp.secrecy import Tls
from tests.certificates import CLIENT, Authority, Issued, self_signed, weak_key
from tests.proxy.handshakes import Ends, shake

NAME = "mail.example.net"
MAKE: dict[str, Callable[[Authority], Issued]] = {
    "right": lambda ca: ca.issue(NAME),
    "wildcard": lambda ca: ca.issue("*.example.net"),
    "below an intermediate": lambda ca: Authority("Between", ca).issue(NAME),
    "another name": lambda ca: ca.issue("mail.example.org"),
    "the name below": lambda ca: ca.issue(f"x.{NAME}"),
    "wildcard of a label too many": lambda ca: ca.issue("*.net"),
    "expired": lambda ca: ca.issue(NAME, age=5, days=-1),
    "not yet valid": lambda ca: ca.issue(NAME, age=-5),
    "self-signed": lambda ca: self_signed(NAME),
    "another authority's": lambda ca: Authority().issue(NAME),
    "for clients only": lambda ca: ca.issue(NAME, purposes=CLIENT),
    "weak": lambda ca: ca.issue(NAME, key=weak_key(1024)),
    "name in its subject only": lambda ca: ca.issue(NAME, in_san=()),
}
VERIFIED = ("right", "wildcard", "below an intermediate")


@pytest.fixture(scope="module")
def ca() -> Authority:
    return Authority()


def met(issued: Issued, tls: Tls, ca: Authority, folder: Path) -> Ends:
    """What comes of a handshake with a mail server that has this certificate."""
    server = server_context(CertificateFiles(*issued.write(folder, "upstream")), "1.2")
    return shake(server, upstream_context(tls, ca.write(folder)), NAME)


@pytest.mark.parametrize("kind", MAKE)
def test_what_upstreams_show(kind: str, ca: Authority, tmp_path: Path) -> None:
    issued = MAKE[kind](ca)
    assert met(issued, Tls.OPPORTUNISTIC, ca, tmp_path).told is None
    told = met(issued, Tls.VERIFIED, ca, tmp_path).told
    assert (told is None) == (kind in VERIFIED), told
    assert told is None or isinstance(told, ssl.SSLCertVerificationError)


def test_the_systems_authorities_are_believed_where_none_are_named(
    ca: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path))  # OpenSSL's own way to move them
    monkeypatch.setenv("SSL_CERT_FILE", ca.write(tmp_path))
    server = server_context(CertificateFiles(*ca.issue(NAME).write(tmp_path, "mx")), "1.2")
    assert shake(server, upstream_context(Tls.VERIFIED, None), NAME).told is None
    monkeypatch.setenv("SSL_CERT_FILE", Authority().write(tmp_path, "other"))
    assert shake(server, upstream_context(Tls.VERIFIED, None), NAME).told is not None


def test_an_old_mail_server_is_met_all_the_same(ca: Authority, tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("AES256-SHA:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(*ca.issue(NAME, key=weak_key(1024)).write(tmp_path, "old"))
    ends = shake(context, upstream_context(Tls.OPPORTUNISTIC, None), NAME)
    assert (ends.told, ends.client.cipher()) == (None, ("AES256-SHA", "SSLv3", 256))
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    assert shake(context, upstream_context(Tls.OPPORTUNISTIC, None), NAME).told is not None


def test_what_there_is_no_context_for(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no TLS is wanted"):
        upstream_context(Tls.NONE, None)
    with pytest.raises(ValueError, match=r"gone: no such file; write one, or name another"):
        upstream_context(Tls.VERIFIED, str(tmp_path / "gone"))


@pytest.mark.parametrize(
    ("pairs", "names"),
    [
        ([("DNS", "relay.example")], ("relay.example",)),
        ([("DNS", "Relay.Example"), ("DNS", "relay.example")], ("relay.example",)),
        ([("DNS", "*.relay.example")], ("*.relay.example",)),
        ([("DNS", "r*.example"), ("DNS", "a.*.example"), ("DNS", "*")], ()),
        ([("DNS", "*.*.example"), ("DNS", "**.example"), ("DNS", "*.")], ()),
        ([("DNS", "relay.example\0.evil.example")], ()),
        ([("DNS", "192.0.2.1"), ("IP Address", "192.0.2.1")], ()),
        ([("email", "relay.example"), ("URI", "relay.example")], ()),
        ([("DNS", ""), ("DNS", " "), ("DNS", "a..b"), ("DNS", "a b")], ()),
        ([("DNS", "bücher.example")], ()),
        ([("DNS", "xn--bcher-kva.example")], ("xn--bcher-kva.example",)),
        ([], ()),
    ],
)
def test_names(pairs: list[tuple[str, str]], names: tuple[str, ...]) -> None:
    subject = ((("commonName", "subject.example"),),)
    assert names_of({"subject": subject, "subjectAltName": tuple(pairs)}) == names


def test_who_shows_nothing_has_no_name() -> None:
    assert names_of(None) == names_of({}) == names_of({"subject": ()}) == ()


@given(st.lists(st.tuples(st.sampled_from(["DNS", "IP Address"]), st.text(max_size=80))))
def test_no_certificate_is_too_strange(pairs: list[tuple[str, str]]) -> None:
    for name in names_of({"subjectAltName": tuple(pairs)}):
        assert normal(name.removeprefix("*.")) == name.removeprefix("*.")
