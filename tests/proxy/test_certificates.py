"""The proxy's own certificates in real handshakes: which is shown, who is asked, what is reread."""

from __future__ import annotations

import gc
import shutil
import socket
import ssl
import subprocess
import threading
import weakref
from collections.abc import Callable
from ipaddress import IPv6Address
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from mxward.networks import address
from mxward.proxy.certificates import CertificateFiles, Certificates, names_of
from tests.certificates import CLIENT, SERVER, Authority, Issued, key_pem, self_signed, weak_key
from tests.lookup.clock import Clock
from tests.proxy.handshakes import VERSIONS, Ends, client_context, shake

HERE, ELSEWHERE = address("192.0.2.1"), address("192.0.2.2")
DAY = 86400


@pytest.fixture(scope="module")
def ca() -> Authority:
    return Authority()


def files(folder: Path, issued: Issued, name: str = "mx") -> CertificateFiles:
    return CertificateFiles(*issued.write(folder, name))


def handshake(certificates: Certificates, client: ssl.SSLContext, name: str | None = None) -> Ends:
    """As a connection of HERE has it."""
    ends = shake(certificates.context_for(HERE), client, name)
    if ends.why is not None:
        certificates.handshake_failed(HERE, ends.why)
    return ends


# -- the name that is asked for ----------------------------------------------------------------


@pytest.mark.parametrize("asks", [False, True])
@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        (None, 0),
        ("mail.example", 0),
        ("example", 0),
        ("other.example", 1),
        ("OTHER.Example", 1),
        ("other.example.", 1),
        ("x.wild.example", 2),
        ("a.wild.example", 3),  # the exact name, though the wildcard stands before it
        ("y.x.wild.example", 0),  # one label only
        ("wild.example", 0),
        ("unknown.example", 0),
        ("localhost", 0),
        ("third.example", 1),  # the first that has it
    ],
)
def test_the_name_that_is_asked_for(
    asked: str | None,
    shown: int,
    version: ssl.TLSVersion,
    asks: bool,
    ca: Authority,
    tmp_path: Path,
) -> None:
    issued = [
        ca.issue("mail.example", "example"),
        ca.issue("Other.example", "third.example"),
        ca.issue("*.wild.example", "third.example"),
        ca.issue("a.wild.example"),
    ]
    served = [files(tmp_path, each, str(n)) for n, each in enumerate(issued)]
    certificates = Certificates(served, client_ca=ca.write(tmp_path), asks=asks)
    client = client_context(tmp_path, ca.issue("relay.example"), version)
    ends = handshake(certificates, client, asked)
    assert ends.why is None
    assert ends.shown == issued[shown].certificate
    # the other context verifies as the first would have
    assert names_of(ends.server.getpeercert()) == (("relay.example",) if asks else ())


@pytest.mark.parametrize(
    ("words", "name"),
    [("-noservername", "mx.example"), ("-servername other.example", "other.example")],
)
def test_openssl_s_client(words: str, name: str, ca: Authority, tmp_path: Path) -> None:
    """A client of another make, over a socket, with the chain that must come along."""
    between = Authority("Between", ca)
    served = [files(tmp_path, between.issue(f"{n}.example"), n) for n in ("mx", "other")]
    context = Certificates(served).context_for(HERE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        command = f"openssl s_client -connect 127.0.0.1:{listener.getsockname()[1]} {words}"
        command += f" -CAfile {ca.write(tmp_path)} -verify_hostname {name} -verify_return_error"
        with subprocess.Popen(
            [*command.split(), "-quiet"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            plain, _ = listener.accept()
            with context.wrap_socket(plain, server_side=True) as secure:
                secure.sendall(b"220 here\r\n")
            output, errors = process.communicate(timeout=10)
    assert output == b"220 here\r\n", errors


@pytest.mark.parametrize("minimum", ["1.2", "1.3"])
def test_the_oldest_version_that_is_spoken(minimum: str, ca: Authority, tmp_path: Path) -> None:
    certificates = Certificates([files(tmp_path, ca.issue("mx.example"))], minimum)
    spoken = []
    for version in (ssl.TLSVersion.TLSv1_1, *VERSIONS):
        ends = handshake(certificates, client_context(tmp_path, version=version))
        if ends.why is None and ends.told is None:
            spoken.append(ends.server.version())
    assert spoken == {"1.2": ["TLSv1.2", "TLSv1.3"], "1.3": ["TLSv1.3"]}[minimum]


def test_old_clients_and_weak_keys_are_better_off_than_in_the_clear(tmp_path: Path) -> None:
    """What mail servers serve, and what OpenSSL's level 2 would refuse."""
    weak = Authority().issue("mx.example", key=weak_key(1024))
    certificates = Certificates([files(tmp_path, weak)])
    old = client_context(tmp_path, None, ssl.TLSVersion.TLSv1_2, "AES128-SHA:@SECLEVEL=0")
    ends = handshake(certificates, old)
    assert (ends.why, ends.server.cipher()) == (None, ("AES128-SHA", "SSLv3", 128))


def test_nobody_negotiates_anew(ca: Authority, tmp_path: Path) -> None:
    """TLS 1.2 would let a client make the server work again and again."""
    context = Certificates([files(tmp_path, ca.issue("mx.example"))]).context_for(HERE)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(10)
        command = f"openssl s_client -tls1_2 -connect 127.0.0.1:{listener.getsockname()[1]}"
        with subprocess.Popen(
            command.split(),
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        ) as process:
            plain, _ = listener.accept()
            plain.settimeout(10)
            with context.wrap_socket(plain, server_side=True) as secure:
                assert process.stdin is not None
                process.stdin.write(b"R\n")
                process.stdin.flush()
                with pytest.raises(ssl.SSLError, match="HANDSHAKE_FAILURE"):  # the client gives up
                    secure.recv(10)
            _, errors = process.communicate(timeout=10)
    assert b"no renegotiation" in errors


# -- clients' certificates ---------------------------------------------------------------------

RELAY = "relay.example"
MAKE: dict[str, Callable[[Authority], Issued | None]] = {
    "verified": lambda ca: ca.issue(RELAY),
    "verified through an intermediate": lambda ca: Authority("Between", ca).issue(RELAY),
    "for clients only": lambda ca: ca.issue(RELAY, purposes=CLIENT),
    "for no purpose in particular": lambda ca: ca.issue(RELAY, purposes=()),
    "absent": lambda ca: None,
    "self-signed": lambda ca: self_signed(RELAY),
    "another authority's": lambda ca: Authority().issue(RELAY),
    "expired": lambda ca: ca.issue(RELAY, age=5, days=-1),
    "not yet valid": lambda ca: ca.issue(RELAY, age=-5),
    "for servers only": lambda ca: ca.issue(RELAY, purposes=SERVER),
    "too weak": lambda ca: ca.issue(RELAY, key=weak_key(1024)),
}
FINE = list(MAKE)[:4]
HOPELESS = list(MAKE)[5:]


def asking(ca: Authority, folder: Path, clock: Clock | None = None) -> Certificates:
    mine = files(folder, ca.issue("mx.example"))
    return Certificates([mine], "1.2", ca.write(folder), True, clock or Clock())


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("kind", MAKE)
def test_a_clients_certificate(
    kind: str, version: ssl.TLSVersion, ca: Authority, tmp_path: Path
) -> None:
    """Whatever it shows, the client gets through: at once, or when it tries again."""
    certificates = asking(ca, tmp_path)
    client = client_context(tmp_path, MAKE[kind](ca), version)
    first, second = handshake(certificates, client), handshake(certificates, client)
    assert (first.why is None) == (kind not in HOPELESS)
    assert (first.told is None) == (kind not in HOPELESS)
    assert (second.why, second.told) == (None, None)
    assert second.carries(b"EHLO client\r\n")
    assert names_of(second.server.getpeercert()) == ((RELAY,) if kind in FINE else ())


def test_a_key_that_the_server_cannot_verify_with(ca: Authority, tmp_path: Path) -> None:
    """No failure of the certificate's chain: another error of OpenSSL's."""
    odd = ca.issue(RELAY, key=ec.generate_private_key(ec.SECP256K1()))
    certificates = asking(ca, tmp_path)
    client = client_context(tmp_path, odd, ssl.TLSVersion.TLSv1_2)
    assert handshake(certificates, client).why is not None
    assert handshake(certificates, client).why is None


def test_nobody_is_asked_where_no_entry_needs_it(ca: Authority, tmp_path: Path) -> None:
    certificates = Certificates([files(tmp_path, ca.issue("mx.example"))], "1.2", None, False)
    for issued in (ca.issue(RELAY), self_signed(RELAY)):
        ends = handshake(certificates, client_context(tmp_path, issued))
        assert (ends.why, ends.server.getpeercert(binary_form=True)) == (None, None)


def test_a_resumed_session_knows_who_the_client_is(ca: Authority, tmp_path: Path) -> None:
    certificates = asking(ca, tmp_path)
    for version in VERSIONS:
        client = client_context(tmp_path, ca.issue(RELAY), version)
        session = handshake(certificates, client).client.session
        again = shake(certificates.context_for(HERE), client, session=session)
        assert again.client.session_reused
        assert names_of(again.server.getpeercert()) == (RELAY,)


def test_a_client_is_asked_again_after_a_day(ca: Authority, tmp_path: Path) -> None:
    clock = Clock()
    certificates = asking(ca, tmp_path, clock)
    failed = handshake(certificates, client_context(tmp_path, self_signed(RELAY)))
    good = client_context(tmp_path, ca.issue(RELAY))
    told = []
    for later in (0, DAY - 1, 1):
        clock.now += later
        told.append(names_of(handshake(certificates, good).server.getpeercert()))
    assert failed.why is not None
    assert told == [(), (), (RELAY,)]


def test_another_client_is_asked_all_the_same(ca: Authority, tmp_path: Path) -> None:
    certificates = asking(ca, tmp_path)
    handshake(certificates, client_context(tmp_path, self_signed(RELAY)))
    good = client_context(tmp_path, ca.issue(RELAY))
    other = shake(certificates.context_for(ELSEWHERE), good)
    assert names_of(other.server.getpeercert()) == (RELAY,)


@pytest.mark.parametrize(
    "why",
    [
        ssl.SSLEOFError("the client went away"),
        ConnectionResetError("reset"),
        TimeoutError("too slow"),
    ],
    ids=lambda why: type(why).__name__,
)
def test_what_says_nothing_of_the_certificate(
    why: Exception, ca: Authority, tmp_path: Path
) -> None:
    """A scanner whose line broke must not lose its identity for a day."""
    certificates = asking(ca, tmp_path)
    certificates.handshake_failed(HERE, why)
    ends = handshake(certificates, client_context(tmp_path, ca.issue(RELAY)))
    assert names_of(ends.server.getpeercert()) == (RELAY,)


def test_an_alert_about_our_own_certificate_says_nothing_of_theirs(
    ca: Authority, tmp_path: Path
) -> None:
    certificates = asking(ca, tmp_path)
    strict = ssl.create_default_context(cafile=Authority().write(tmp_path, "strangers"))
    ends = handshake(certificates, strict, "mx.example")
    assert "ALERT" in str(ends.why)
    ends = handshake(certificates, client_context(tmp_path, ca.issue(RELAY)))
    assert names_of(ends.server.getpeercert()) == (RELAY,)


def test_as_many_clients_are_remembered_as_fit(ca: Authority, tmp_path: Path) -> None:
    certificates = asking(ca, tmp_path)
    quiet = Certificates([files(tmp_path, ca.issue("mx.example"))])
    why = handshake(certificates, client_context(tmp_path, self_signed(RELAY))).why
    assert why is not None
    asks = certificates.context_for(ELSEWHERE)
    many = [IPv6Address(number) for number in range(1, 10_001)]
    for client in many[:-1]:
        certificates.handshake_failed(client, why)
    certificates.handshake_failed(HERE, why)  # once more: it is no longer the oldest
    certificates.handshake_failed(many[-1], why)
    remembered = [certificates.context_for(client) is not asks for client in (HERE, *many)]
    assert remembered == [True, False, *[True] * 9_999]
    quiet.handshake_failed(HERE, why)  # and nobody where nobody is asked
    assert quiet.context_for(HERE) is quiet.context_for(ELSEWHERE)


# -- what is wrong with the files --------------------------------------------------------------


def test_what_is_wrong_is_one_line(ca: Authority, tmp_path: Path) -> None:
    issued = ca.issue("mx.example")
    issued.write(tmp_path, "mx")
    ca.issue("other.example").write(tmp_path, "other")
    (tmp_path / "locked.key").write_bytes(key_pem(issued.key, b"secret"))
    (tmp_path / "empty").touch()
    (tmp_path / "half.pem").write_bytes(issued.chain_pem[:300])
    (tmp_path / "half.key").write_bytes(key_pem(issued.key)[:100])
    (tmp_path / "both").write_bytes(issued.chain_pem + key_pem(issued.key))
    (tmp_path / "folder").mkdir()
    found = {
        (chain, key, authorities): _mistake(tmp_path, chain, key, authorities)
        for chain, key, authorities in [
            ("mx.pem", "mx.key", ""),
            ("both", "both", ""),
            ("gone", "mx.key", ""),
            ("mx.pem", "gone", ""),
            ("mx.pem", "folder", ""),
            ("empty", "mx.key", ""),
            ("half.pem", "mx.key", ""),
            ("mx.pem", "half.key", ""),
            ("mx.key", "mx.pem", ""),
            ("mx.pem", "other.key", ""),
            ("mx.pem", "locked.key", ""),
            ("mx.pem", "mx.key", "gone"),
            ("mx.pem", "mx.key", "empty"),
            ("mx.pem", "mx.key", "mx.pem"),
        ]
    }
    above = "write the server's certificate and those above it into this file"
    assert found == {
        ("mx.pem", "mx.key", ""): "",
        ("both", "both", ""): "",
        ("gone", "mx.key", ""): "gone: no such file; write one, or name another",
        ("mx.pem", "gone", ""): "gone: no such file; write one, or name another",
        (
            "mx.pem",
            "folder",
            "",
        ): "folder: cannot be read: Is a directory; let the user that mxward runs as read it",
        ("empty", "mx.key", ""): f"empty: no certificate is in it as PEM text; {above}",
        ("half.pem", "mx.key", ""): f"half.pem: a certificate in it is broken; {above}",
        ("mx.pem", "half.key", ""): "half.key: no private key is in it as PEM text; name the file "
        "of the key",
        ("mx.key", "mx.pem", ""): f"mx.key: no certificate is in it as PEM text; {above}",
        ("mx.pem", "other.key", ""): "other.key: the key does not fit the first certificate of "
        "mx.pem; name the key that it was made with",
        ("mx.pem", "locked.key", ""): "locked.key: the key has a password; write it without: "
        "openssl pkey -in locked.key",
        ("mx.pem", "mx.key", "gone"): "gone: no such file; write one, or name another",
        ("mx.pem", "mx.key", "empty"): "empty: no certificate is in it as PEM text; name the file "
        "with the authorities' certificates",
        ("mx.pem", "mx.key", "mx.pem"): "",
    }
    with pytest.raises(ValueError, match="no certificate is named"):
        Certificates([])


def _mistake(folder: Path, chain: str, key: str, authorities: str) -> str:
    ours = CertificateFiles(str(folder / chain), str(folder / key))
    ca = str(folder / authorities) if authorities else None
    try:
        Certificates([ours], client_ca=ca, asks=ca is not None)
    except ValueError as error:
        return str(error).replace(f"{folder}/", "")
    return ""


@pytest.mark.parametrize(
    ("days", "complaint"),
    [(14.1, ""), (13.9, "ends on"), (0.1, "ends on"), (-0.1, "is over since")],
)
def test_a_certificate_that_ends(
    days: float, complaint: str, ca: Authority, tmp_path: Path
) -> None:
    issued = ca.issue("mx.example", days=1000)
    ends = issued.certificate.not_valid_after_utc
    clock = Clock(ends.timestamp() - days * DAY)
    told = Certificates([files(tmp_path, issued)], clock=clock).warnings
    when = f"{complaint} {ends:%Y-%m-%d %H:%M} UTC; renew it"
    line = f"{tmp_path}/mx.pem: the certificate for mx.example {when}"
    assert told == ((line,) if complaint else ())


def test_what_ends_is_told_once_a_day(ca: Authority, tmp_path: Path) -> None:
    issued = ca.issue("mx.example", days=1000)
    clock = Clock(issued.certificate.not_valid_after_utc.timestamp() - 15 * DAY)
    certificates = Certificates([files(tmp_path, issued)], clock=clock)
    told = []
    for hour in range(73):
        told += [(hour, line) for line in certificates.reload()]
        clock.now += 3600
    assert [hour for hour, _ in told] == [24, 48, 72]
    ca.issue("mx.example", days=1000).write(tmp_path, "mx")
    assert len(certificates.reload()) == 1  # another one is told at once
    ca.issue("mx.example", days=3000).write(tmp_path, "mx")
    clock.now += DAY
    assert certificates.reload() == []


def test_a_certificate_that_is_not_valid_yet(ca: Authority, tmp_path: Path) -> None:
    issued = ca.issue("mx.example", age=-2)
    certificates = Certificates([files(tmp_path, issued)])
    begins = issued.certificate.not_valid_before_utc
    assert certificates.warnings == (
        f"{tmp_path}/mx.pem: the certificate for mx.example is not valid before "
        f"{begins:%Y-%m-%d %H:%M} UTC; is the clock right?",
    )


# -- read again ---------------------------------------------------------------------------------


def test_a_changed_file_is_read_and_connections_go_on(ca: Authority, tmp_path: Path) -> None:
    old, new = ca.issue("mx.example"), ca.issue("mx.example")
    certificates = Certificates([files(tmp_path, old)])
    client = client_context(tmp_path)
    context = certificates.context_for(HERE)
    before = handshake(certificates, client)
    assert certificates.reload() == []
    assert certificates.context_for(HERE) is context  # nothing has changed, nothing is done
    new.write(tmp_path, "mx")
    assert certificates.reload() == []
    after = handshake(certificates, client)
    assert (before.shown, after.shown) == (old.certificate, new.certificate)
    assert before.carries(b"MAIL FROM:<>\r\n")


def test_a_file_that_vanishes_is_told_once(ca: Authority, tmp_path: Path) -> None:
    issued = ca.issue("mx.example")
    certificates = Certificates([files(tmp_path, issued)])
    (tmp_path / "mx.key").unlink()
    assert certificates.reload() == [
        f"{tmp_path}/mx.key: no such file; write one, or name another "
        "(until then the certificates read before stay in force)"
    ]
    assert certificates.reload() == []
    assert handshake(certificates, client_context(tmp_path)).shown == issued.certificate
    renewed = ca.issue("mx.example")
    renewed.write(tmp_path, "mx")
    assert certificates.reload() == ["the certificates could be read again and are in force"]
    assert handshake(certificates, client_context(tmp_path)).shown == renewed.certificate
    ca.issue("mx.example").write(tmp_path, "mx")
    assert certificates.reload() == []


def test_one_bad_file_among_several_changes_nothing(ca: Authority, tmp_path: Path) -> None:
    one, two = ca.issue("one.example"), ca.issue("two.example")
    certificates = Certificates([files(tmp_path, one, "1"), files(tmp_path, two, "2")])
    ca.issue("one.example").write(tmp_path, "1")
    (tmp_path / "2.pem").write_text("")
    assert len(certificates.reload()) == 1
    client = client_context(tmp_path)
    shown = [handshake(certificates, client, name).shown for name in (None, "two.example")]
    assert shown == [one.certificate, two.certificate]


def test_files_that_are_being_written(ca: Authority, tmp_path: Path) -> None:
    """However far the writer has come, what is shown has a key that fits, the old or the new."""
    old, new = ca.issue("mx.example"), Authority("Between", ca).issue("mx.example")
    certificates = Certificates([files(tmp_path, old)])
    client = client_context(tmp_path)
    key, chain = tmp_path / "mx.key", tmp_path / "mx.pem"
    for path, text in ((key, key_pem(new.key)), (chain, new.chain_pem)):
        for size in range(0, len(text) + 100, 100):
            path.write_bytes(text[:size])
            certificates.reload()
            ends = handshake(certificates, client)
            assert ends.why is None
            assert ends.shown in (old.certificate, new.certificate)
    assert handshake(certificates, client).shown == new.certificate
    assert [each.chain[1:] for each in certificates.served] == [new.above]


def test_a_new_list_of_authorities_asks_everybody_again(ca: Authority, tmp_path: Path) -> None:
    certificates = asking(ca, tmp_path)
    partner = Authority("Partner")
    client = client_context(tmp_path, partner.issue(RELAY))
    assert handshake(certificates, client).why is not None
    ca.issue("mx.example").write(tmp_path, "mx")
    certificates.reload()  # our own certificate says nothing of the client's
    assert names_of(handshake(certificates, client).server.getpeercert()) == ()
    (tmp_path / "ca.pem").write_bytes(ca.pem + partner.pem)
    certificates.reload()
    assert names_of(handshake(certificates, client).server.getpeercert()) == (RELAY,)


def test_whether_clients_are_asked_may_change_at_any_time(ca: Authority, tmp_path: Path) -> None:
    certificates = asking(ca, tmp_path)
    client = client_context(tmp_path, ca.issue(RELAY))
    for asks in (False, True, False, True):
        certificates.asks = asks
        assert certificates.reload() == []
        ends = handshake(certificates, client)
        assert names_of(ends.server.getpeercert() or {}) == ((RELAY,) if asks else ())
    (tmp_path / "ca.pem").write_text("")
    certificates.asks = False
    assert len(certificates.reload()) <= 1
    certificates.asks = True  # what cannot be read is told once, and nobody is asked meanwhile
    told = [text for _ in range(3) for text in certificates.reload()]
    assert [str(tmp_path / "ca.pem") in text for text in told] == [True]
    assert handshake(certificates, client_context(tmp_path)).why is None
    ca.write(tmp_path)
    certificates.reload()
    assert names_of(handshake(certificates, client).server.getpeercert() or {}) == (RELAY,)


def test_reloading_while_others_shake_hands(ca: Authority, tmp_path: Path) -> None:
    """A thread swaps the files back and forth; each handshake sees one of them, whole."""
    pairs = [ca.issue("mx.example"), ca.issue("mx.example")]
    for number, issued in enumerate(pairs):
        issued.write(tmp_path, f"next{number}")
    certificates = Certificates([files(tmp_path, pairs[0])])
    stop = threading.Event()
    told: list[str] = []

    def renew() -> None:
        turn = 0
        while not stop.is_set():
            turn = 1 - turn
            for kind in ("key", "pem"):
                shutil.copy(tmp_path / f"next{turn}.{kind}", tmp_path / f"new.{kind}")
                (tmp_path / f"new.{kind}").replace(tmp_path / f"mx.{kind}")
            told.extend(certificates.reload())

    renewing = threading.Thread(target=renew)
    renewing.start()
    client = client_context(tmp_path)
    seen: list[Ends] = []
    try:
        while len(seen) < 150 or len({ends.shown for ends in seen}) < 2:
            seen.append(handshake(certificates, client))
    finally:
        stop.set()
        renewing.join()
    assert told == []
    assert [ends.why for ends in seen if ends.why] == []
    assert {ends.shown for ends in seen} == {issued.certificate for issued in pairs}


def test_old_contexts_are_let_go(ca: Authority, tmp_path: Path) -> None:
    served = [files(tmp_path, ca.issue("a.example"), "a"), files(tmp_path, ca.issue("b"), "b")]
    certificates = Certificates(served, "1.2", ca.write(tmp_path), True)
    old = weakref.ref(certificates.context_for(HERE))
    ca.issue("a.example").write(tmp_path, "a")
    certificates.reload()
    gc.collect()
    assert old() is None
