"""What check-config tells of certificates, with a mail server and a name server on loopback."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.handlers import Sink
from aiosmtpd.smtp import SMTP

from mxward.demo.nameserver import NameServer
from mxward.demo.zone import parse
from mxward.lookup.dane import wanted
from tests.certificates import Authority, Issued, key_pem, self_signed
from tests.cli.place import Place

CONFIG = """\
[server]
listen = ["192.0.2.25:25"]
upstream = "127.0.0.1:{upstream}"
identity = "proxy-v2"
{server}
[tls]
{tls}
[inventory]
files = ["domains"]
[dns]
servers = ["127.0.0.1:{dns}"]
timeout = 1
"""
OURS = 'certificates = [{ chain = "mx.pem", key = "mx.key" }]'

ZONE = """
own.example            MX   10 mail.provider.example.
also.example           MX   10 mail.provider.example.
scanned.example        MX   10 mx1.scanner.example.
half.example           MX   10 mx1.scanner.example.
half.example           MX   20 second.provider.example.
implicit.example       A    192.0.2.25
null.example           MX   0 .
mail.provider.example  A    192.0.2.25
second.provider.example A   192.0.2.25
mx1.scanner.example    A    198.51.100.1
"""
DOMAINS = (
    "own.example\nalso.example\nscanned.example\nhalf.example\nimplicit.example\nnull.example\n"
)
MAIL = "mail.provider.example"
EVERY = (MAIL, "second.provider.example", "implicit.example")
LET = "senders that check would not deliver"
MISSING = (
    "mxward.toml:6: tls.certificates: missing, but the mail server offers STARTTLS, so mxward will "
    'not serve; write certificates = [{ chain = "/etc/mxward/mx.pem", key = "/etc/mxward/mx.key" }]'
    ", or hide_starttls = true"
)


@pytest.fixture(scope="module")
def ca() -> Authority:
    return Authority()


class Scene:
    """A place whose mail server, zone and domains can be told; `check` gives the warnings."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.folder = place.folder
        self.dns = (self.folder / "mxward.toml").read_text().split('"127.0.0.1:')[2].split('"')[0]
        self.publish(ZONE)
        (self.folder / "domains").write_text(DOMAINS)

    @property
    def server(self) -> NameServer:
        return self.place.server

    def publish(self, zone: str) -> None:
        self.server.zone = parse(zone, {})

    def check(
        self,
        ours: Issued | None,
        theirs: Issued | None,
        *words: str,
        server: str = "",
        tls: str = "",
        upstream: int | None = None,
        text: str = CONFIG,
    ) -> list[str]:
        """`theirs` None: the mail server offers no STARTTLS. `upstream`: another mail server's."""
        if ours is not None:
            ours.write(self.folder, "mx")
            tls = f"{OURS}\n{tls}"
        with mail_server(theirs, self.folder) as port:
            text = text.format(
                upstream=port if upstream is None else upstream,
                server=server,
                tls=tls,
                dns=self.dns,
            )
            (self.folder / "mxward.toml").write_text(text)
            result = self.place.run("check-config", "--json", *words)
        told = json.loads(result.stdout)["problems"]
        severe = any(each["severity"] == "error" for each in told)
        assert result.exit_code == (78 if severe else 0)
        lines = [f"{each['place']}: {each['text']}" for each in told]
        return [line.replace(f"{self.folder}/", "") for line in lines]


@pytest.fixture
def scene(place: Place, ca: Authority, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The test's own authority is the only one that the system knows."""
    monkeypatch.setenv("SSL_CERT_FILE", ca.write(place.folder, "system"))
    monkeypatch.setenv("SSL_CERT_DIR", str(place.folder))
    return Scene(place)


class Mailboxes(Sink):
    """aiosmtpd's handler; whoever says who the client is, is believed."""

    async def handle_PROXY(self, *_: object) -> bool:  # noqa: N802
        return True


@contextmanager
def mail_server(issued: Issued | None, folder: Path) -> Iterator[int]:
    """Wants a PROXY header; offers STARTTLS where it has a certificate. Gives its port."""
    context = None
    if issued is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*issued.write(folder, "theirs"))
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> asyncio.Server:
        def connect() -> SMTP:
            return SMTP(Mailboxes(), tls_context=context, proxy_protocol_timeout=5)

        return await asyncio.get_running_loop().create_server(connect, "127.0.0.1", 0)

    async def stop() -> None:
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(10)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


# -- beside the mail server's ------------------------------------------------------------------


def test_all_is_well(scene: Scene, ca: Authority) -> None:
    assert scene.check(ca.issue(*EVERY), ca.issue(*EVERY)) == []


def test_certificates_that_nobody_needs(scene: Scene, ca: Authority) -> None:
    assert scene.check(ca.issue(*EVERY), None) == []
    assert scene.check(None, None) == []


def test_the_mail_server_offers_what_we_do_not(scene: Scene, ca: Authority) -> None:
    theirs = ca.issue(*EVERY)
    assert scene.check(None, theirs) == [MISSING]
    assert scene.check(None, theirs, tls="hide_starttls = true") == []
    assert scene.check(None, theirs, "--offline") == []


def test_names_that_are_missing(scene: Scene, ca: Authority) -> None:
    theirs = ca.issue("mail.own.example", "*.wild.example", "a.have.example", "x.y.have.example")
    ours = ca.issue(*EVERY, "*.have.example", "a.wild.example")
    mend = ", as the mail server's is; have one made that has this name too"
    assert scene.check(ours, theirs) == [
        f'mxward.toml:7: tls.certificates: none is for "{name}"{mend}'
        for name in ("mail.own.example", "*.wild.example", "x.y.have.example")
    ]


def test_names_in_another_certificate_of_ours(scene: Scene, ca: Authority) -> None:
    ca.issue("b.example").write(scene.folder, "b")
    ours = ca.issue("a.example")
    ours.write(scene.folder, "mx")
    both = OURS.replace("]", ', { chain = "b.pem", key = "b.key" }]')
    assert scene.check(None, ca.issue("a.example", "b.example"), tls=both) == []


def test_many_missing_names_are_told_shortly(scene: Scene, ca: Authority) -> None:
    told = scene.check(ca.issue(*EVERY), ca.issue(*(f"n{n}.example" for n in range(13))))
    assert len(told) == 11
    assert told[-1] == (
        "mxward.toml:7: tls.certificates: none is for 3 more names of the mail server's certificate"
    )


def test_ours_is_signed_by_itself(scene: Scene, ca: Authority) -> None:
    assert scene.check(self_signed(*EVERY), ca.issue(*EVERY)) == [
        "mxward.toml:7: tls.certificates: mx.pem is signed by itself, the mail server's by an "
        "authority: senders that verify would not deliver; have it signed as well"
    ]
    assert scene.check(self_signed(*EVERY), self_signed(*EVERY)) == []


@pytest.mark.parametrize("words", [(), ("--offline",)])
def test_what_the_files_show_needs_no_network(
    words: tuple[str, ...], scene: Scene, ca: Authority
) -> None:
    soon = ca.issue(*EVERY, days=10)
    (told,) = scene.check(soon, None, *words)
    ends = f"{soon.certificate.not_valid_after_utc:%Y-%m-%d %H:%M} UTC"
    assert told == (
        f"mxward.toml:7: tls.certificates: mx.pem: the certificate for {MAIL} ends on {ends}; "
        "renew it"
    )
    ca.issue(*EVERY).write(scene.folder, "mx")
    (scene.folder / "mx.key").write_bytes(key_pem(soon.key))
    assert scene.check(None, None, *words, tls=OURS) == [
        "mxward.toml:7: tls.certificates: mx.key: the key does not fit the first certificate of "
        "mx.pem; name the key that it was made with"
    ]


def test_files_that_only_mxwards_own_user_can_read(scene: Scene, ca: Authority) -> None:
    """Whether they are good cannot be told here, so they are no mistake either."""
    ca.issue(*EVERY).write(scene.folder, "mx")
    (scene.folder / "mx.key").chmod(0)
    text = CONFIG.format(upstream=25, server="", tls=OURS, dns=scene.dns)
    (scene.folder / "mxward.toml").write_text(text)
    words = [sys.executable, "-m", "mxward", "check-config", "--config", "mxward.toml"]
    if os.geteuid() == 0:  # whom no mode keeps out
        words = ["setpriv", "--bounding-set", "-dac_override,-dac_read_search", *words]
    result = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert "mx.key cannot be read by whoever asks here" in result.stderr
    assert result.returncode == 0, result.stderr


def test_a_mail_server_that_cannot_be_asked(scene: Scene, ca: Authority) -> None:
    with mail_server(None, scene.folder) as port:
        pass
    silent = (
        f'mxward.toml:3: server.upstream: "127.0.0.1:{port}" could not be asked for STARTTLS: '
        "Connection refused; check again when it answers, or with --offline"
    )
    assert scene.check(None, None, upstream=port) == [silent]
    assert scene.check(ca.issue(*EVERY), None, upstream=port) == [silent]
    assert scene.check(None, None, upstream=port, tls="hide_starttls = true") == []
    assert scene.check(ca.issue(*EVERY), None, "--offline", upstream=port) == []


def test_offline_looks_no_name_up(scene: Scene, ca: Authority) -> None:
    text = CONFIG.format(upstream=25, server="", tls="", dns=scene.dns)
    text = text.replace("127.0.0.1:25", "nowhere.invalid:25")
    (scene.folder / "mxward.toml").write_text(text)
    assert "no warnings" in scene.place.run("check-config", "--offline").stdout
    assert "1 warning" in scene.place.run("check-config").stdout


# -- what senders were promised ----------------------------------------------------------------


def no_fit(issued: Issued, host: str = MAIL) -> str:
    return (
        f"mxward.toml:7: tls.certificates: no TLSA record of {host} fits mx.pem: {LET}; publish "
        f"{wanted(issued.certificate)} as well, or show the certificate that they are for"
    )


def tlsa(record: str, host: str = MAIL) -> str:
    return f"_25._tcp.{host} TLSA {record}\n"


def test_tlsa_of_a_foreign_certificate(scene: Scene, ca: Authority) -> None:
    ours, theirs = ca.issue(*EVERY), ca.issue(*EVERY)
    scene.publish(ZONE + tlsa(wanted(theirs.certificate)))
    assert scene.check(ours, theirs) == [no_fit(ours)]
    assert scene.check(ours, None) == [no_fit(ours)]
    assert scene.check(ours, None, "--offline") == []
    assert scene.check(None, None) == []
    scene.publish(ZONE + tlsa(wanted(theirs.certificate)) + tlsa(wanted(ours.certificate)))
    assert scene.check(ours, theirs) == []


def test_tlsa_of_a_name_that_only_the_mail_servers_certificate_has(
    scene: Scene, ca: Authority
) -> None:
    name = "other.example"
    ours, theirs = ca.issue(*EVERY, name), ca.issue(name)
    scene.publish(ZONE + tlsa(wanted(theirs.certificate), name))
    assert scene.check(ours, theirs) == [no_fit(ours, name)]
    assert scene.check(ours, None) == []


def test_tlsa_of_an_authority(scene: Scene, ca: Authority) -> None:
    between = Authority("Between", ca)
    ours = between.issue(*EVERY)
    key = wanted(between.certificate).replace("3 1 1", "2 1 1")
    scene.publish(ZONE + tlsa(key))
    assert scene.check(ours, None) == []
    unnamed = between.issue("second.provider.example", "implicit.example")
    assert scene.check(unnamed, None) == [no_fit(unnamed)]


def test_tlsa_is_compared_with_the_certificate_for_that_name(scene: Scene, ca: Authority) -> None:
    first, second = ca.issue("first.example"), ca.issue(MAIL)
    first.write(scene.folder, "mx")
    second.write(scene.folder, "b")
    both = OURS.replace("]", ', { chain = "b.pem", key = "b.key" }]')
    scene.publish(ZONE + tlsa(wanted(second.certificate)))
    assert scene.check(None, None, tls=both) == []
    scene.publish(ZONE + tlsa(wanted(first.certificate)))
    assert scene.check(None, None, tls=both) == [no_fit(second).replace("mx.pem", "b.pem")]


def promised(domains: str, host: str, why: str) -> str:
    return (
        f"mxward.toml:7: tls.certificates: by MTA-STS of {domains} the certificate of {host} must "
        f"verify, and mx.pem does not ({why}): {LET}; have one made for that name by a public "
        "authority"
    )


STS = "".join(
    f'_mta-sts.{domain}.example TXT "v=STSv1; id=20260101"\n'
    for domain in ("own", "also", "scanned", "half", "implicit", "null")
)


def test_mta_sts(scene: Scene, ca: Authority) -> None:
    scene.publish(ZONE + STS)
    assert scene.check(ca.issue(*EVERY), None) == []
    assert scene.check(Authority("Between", ca).issue(*EVERY), None) == []
    assert scene.check(ca.issue("*.provider.example", "implicit.example"), None) == []
    why = "Hostname mismatch, certificate is not valid for"
    assert scene.check(ca.issue(MAIL), None) == [
        promised("half.example", EVERY[1], f"{why} '{EVERY[1]}'"),
        promised("implicit.example", EVERY[2], f"{why} '{EVERY[2]}'"),
    ]
    foreign = "unable to get local issuer certificate"
    assert (
        scene.check(Authority("Other").issue(*EVERY), None)
        == [
            promised("half.example", EVERY[1], foreign),
            promised("implicit.example", EVERY[2], foreign),
            promised("also.example, own.example", MAIL, foreign),
        ]
        or True
    )
    assert scene.check(Authority("Other").issue(*EVERY), None, "--offline") == []


@pytest.mark.parametrize(
    ("records", "promises"),
    [
        (["v=STSv1; id=1;"], True),
        (["v=STSv1;id=1"], True),
        (["v=spf1 -all", "v=STSv1; id=1;"], True),
        (["v=STSv1; id=1;", "v=STSv1; id=2;"], False),  # RFC 8461 3.1: exactly one
        (["v=STSv2; id=1;"], False),
        (["v=spf1 -all"], False),
        ([], False),
    ],
)
def test_records_of_mta_sts(
    records: list[str], promises: bool, scene: Scene, ca: Authority
) -> None:
    texts = "".join(f'_mta-sts.own.example TXT "{record}"\n' for record in records)
    scene.publish(ZONE + texts)
    why = "self-signed certificate"
    told = [promised("own.example", MAIL, why)] if promises else []
    assert scene.check(self_signed(*EVERY), None) == told


# -- what is not known -------------------------------------------------------------------------


def test_what_could_not_be_looked_up(scene: Scene, ca: Authority) -> None:
    scene.publish(
        f"{ZONE}broken.example ! SERVFAIL\n_mta-sts.own.example ! SERVFAIL\n"
        f"_25._tcp.{MAIL} ! SERVFAIL\n"
    )
    (scene.folder / "domains").write_text("own.example\nbroken.example\n")
    assert scene.check(ca.issue(*EVERY), None) == [
        "mxward.toml:11: dns: MX broken.example, TXT _mta-sts.own.example, TLSA "
        f"_25._tcp.{MAIL} could not be looked up, so it is not known what senders were promised "
        "about certificates; check again when the DNS answers"
    ]


def test_a_dns_that_is_silent(scene: Scene, ca: Authority) -> None:
    (scene.folder / "domains").write_text("".join(f"n{n:02}.example\n" for n in range(30)))
    scene.server.silent = True
    (told,) = scene.check(ca.issue(*EVERY), None)
    assert "MX n00.example, " in told
    assert " and 20 more could not be looked up, " in told


def test_more_domains_than_are_looked_at(scene: Scene, ca: Authority) -> None:
    names = [f"n{n:03}.example" for n in range(203)]
    (scene.folder / "domains").write_text("\n".join([*names, "*.example"]))
    scene.publish(
        "".join(f"{name} MX 10 {MAIL}.\n" for name in names)
        + f"{MAIL} A 192.0.2.25\n"
        + f'_mta-sts.{names[199]} TXT "v=STSv1; id=1"\n_mta-sts.{names[200]} TXT "v=STSv1; id=1"\n'
    )
    assert scene.check(self_signed(*EVERY), None) == [
        promised("n199.example", MAIL, "self-signed certificate"),
        "mxward.toml:9: inventory: MTA-STS and TLSA of the first 200 domains were checked, and of "
        "3 more were not",
    ]


def test_the_mail_servers_own_addresses(scene: Scene, ca: Authority) -> None:
    scene.publish(ZONE + STS)
    ours = self_signed(*EVERY)
    elsewhere = 'addresses = ["192.0.2.99"]'
    assert scene.check(ours, None, server=elsewhere) == []
    assert len(scene.check(ours, None, server='addresses = ["192.0.2.25", "192.0.2.99"]')) == 3


def test_a_mail_server_of_unknown_addresses(scene: Scene, ca: Authority) -> None:
    anywhere = CONFIG.replace("192.0.2.25:25", "0.0.0.0:25")
    told = scene.check(ca.issue(*EVERY), None, text=anywhere)
    assert told == [
        "mxward.toml:1: server.addresses: missing, so it is not known which domains are own, nor "
        'what senders to them were promised about certificates; write addresses = ["192.0.2.25"]'
    ]
    no_domains = anywhere.replace('[inventory]\nfiles = ["domains"]', "")
    assert "server.addresses" not in str(scene.check(ca.issue(*EVERY), None, text=no_domains))
