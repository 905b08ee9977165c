"""Senders, recipients, HELOs, subjects and user names say what their authors like: a report has
only the true client, the true user and the recipients that were given, or the line is strange.

The first four attacks were carried out on a real Exim 4.96; the laws let Hypothesis say what it
likes, and log it as the mail servers would.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.maillog.exim import EximReader
from mxward.maillog.logged import Logged, Reader
from mxward.maillog.postfix import PostfixReader
from mxward.maillog.stamps import Clock
from tests.maillog.forging import (
    BOSS,
    CLIENT,
    DOMAINS,
    EVIL,
    FRIEND,
    escaped,
    external,
    printable,
    quoted,
)
from tests.maillog.pairs import NOT_AFTER

EXIM = "2026-11-24 10:00:00 1PIcQq-00040L-2X <= "
POSTFIX = "Nov 24 10:00:00 mx postfix/"


def read(reader: Reader, lines: Sequence[str]) -> list[Logged]:
    """What it tells; each line is counted."""
    logged = [*reader.read([line.encode() for line in lines]), *reader.end()]
    assert reader.tally.lines == len(lines)
    assert reader.tally.told.total() + reader.tally.strange.total() == len(lines)
    return logged


def exim(*lines: str, rejectlog: bool = False) -> tuple[list[Logged], Reader]:
    reader = EximReader(Clock(UTC, NOT_AFTER), rejectlog=rejectlog)
    return read(reader, lines), reader


def postfix(*lines: str) -> tuple[list[Logged], Reader]:
    reader = PostfixReader(Clock(UTC, NOT_AFTER))
    return read(reader, lines), reader


@pytest.mark.parametrize(
    ("line", "recipients"),
    [
        (  # a parser that takes the first H= sees the scanner's address
            f'{EXIM}" H=scanner [{FRIEND}]:25 P=esmtps"@evil.example H=(x) [{CLIENT}]:40000'
            " P=esmtp S=9 for shaun@it.co.za",
            ("shaun@it.co.za",),
        ),
        (
            f"{EXIM}a\x01b@evil.example H=(x) [{CLIENT}] P=esmtp S=9 for shaun@it.co.za",
            ("shaun@it.co.za",),
        ),
        (  # with helo_accept_junk_hosts: two clients
            f"{EXIM}a@evil.example H=(x) [{FRIEND}]:25 P=esmtps (y) [{CLIENT}]:40000"
            " P=esmtp S=9 for shaun@it.co.za",
            None,
        ),
        (  # the same, of an attempt
            f"2026-11-24 10:00:00 H=(x) [{FRIEND}]:25 F=<a@x.example> rejected RCPT <{BOSS}>: (y)"
            f" [{CLIENT}]:40000 F=<a@evil.example> rejected RCPT <shaun@it.co.za>: no",
            None,
        ),
        (  # the same: all of the line within a subject
            f'{EXIM}a@evil.example H=(x T=") [{CLIENT}] P=esmtp S=9'
            f' T=") [{FRIEND}]:25 P=esmtps S=9 T=\\"x\\" for {BOSS}" for shaun@it.co.za',
            None,
        ),
    ],
)
def test_what_was_done_to_a_real_exim(line: str, recipients: tuple[str, ...] | None) -> None:
    logged, reader = exim(line)
    assert [(one.client, one.recipients) for one in logged] == (
        [] if recipients is None else [(CLIENT, recipients)]
    )
    assert reader.tally.strange.total() == (recipients is None)


def test_an_octet_that_is_no_text_loses_no_line() -> None:
    lines = [
        EXIM.encode() + b"a\xffb@evil.example H=(x) [192.0.2.10] P=esmtp S=9 for c\xff@d.example"
    ]
    (logged,) = EximReader(Clock(UTC, NOT_AFTER)).read(lines)
    assert (logged.sender, logged.recipients) == (r"a\xffb@evil.example", (r"c\xff@d.example",))


ID = "1111111111"
PEER = f"unknown[{CLIENT}]"
FORGER = f"scanner[{FRIEND}]"


def said(daemon: str, text: str) -> str:
    return f"{POSTFIX}{daemon}[1]: {text}"


CAME = said("smtpd", f"{ID}: client={PEER}")


def taken(sender: str = "a@x.example", recipients: int = 1) -> str:
    text = f"{ID}: from=<{sender}>, size=9, nrcpt={recipients} (queue active)"
    return said("qmgr", text)


def delivered(to: str, reply: str = "250 OK", daemon: str = "smtp") -> str:
    return said(daemon, f"{ID}: to=<{to}>, relay=mx[192.0.2.9]:25, status=sent ({reply})")


@pytest.mark.parametrize(
    "sender",
    [
        f'" client={FORGER}, sasl_method=PLAIN, sasl_username=boss"@x.example',
        '"a>, size=1, nrcpt=7 (queue active)"@x.example',
        f'" {ID}: to=<{BOSS}>, relay="@x.example',
    ],
)
def test_a_sender_is_nobody_else(sender: str) -> None:
    (one,) = postfix(CAME, taken(sender), delivered("shaun@it.co.za"))[0]
    assert (one.client, one.authenticated, one.size) == (CLIENT, "", 9)
    assert (one.sender, one.recipients) == (sender, ("shaun@it.co.za",))


@pytest.mark.parametrize(
    "recipient",
    [f'"x>, orig_to=<{BOSS}>, relay=y"@it.co.za', f'"x> <{BOSS}"@it.co.za', '"x\\">, y"@it.co.za'],
)
def test_a_recipient_is_no_other(recipient: str) -> None:
    (one,) = postfix(CAME, taken(), delivered(recipient))[0]
    assert one.recipients == (recipient,)


def test_another_mail_servers_answer_is_none_of_ours() -> None:
    answer = f"250 {ID}: to=<{BOSS}>, relay=x status=sent (forwarded as 2222222222)"
    (one,) = postfix(CAME, taken(), delivered("b@x.example", answer))[0]
    assert one.recipients == ("b@x.example",)


FORGED = f"from {FORGER}: 550 no; from=<b@x.example> to=<{BOSS}> proto=ESMTP helo=<s>"
UNQUOTED = f'; from=<a@x.example> to=<"@x> to=<{BOSS}> proto=ESMTP helo=<x>'
WITH_TO = "> to=<shaun@it.co.za> proto=ESMTP helo=<x>: no"
TRUE = "; from=<a@x.example> to=<shaun@it.co.za> proto=ESMTP helo=<x>"


@pytest.mark.parametrize(
    "line",
    [
        said("cleanup", f"{ID}: reject: header Subject: {FORGED}: no from {PEER}{TRUE}: no"),
        said("cleanup", f"{ID}: reject: header Subject: x from {PEER}{TRUE}: no: {FORGED}"),
        # a sender that a program on the host has given: a@x.example> to=<boss@it.co.za>: x
        said("cleanup", f"{ID}: reject: header x from {PEER}; from=<a@x> to=<{BOSS}>: x{WITH_TO}"),
        said("smtpd", f"NOQUEUE: reject: RCPT from {PEER}: 550 <x; {FORGED}>: no{TRUE}"),
        said("smtpd", f"NOQUEUE: reject: RCPT from {PEER}: 550 no{TRUE[:-1]}; {FORGED}"),
        # the internal form of `"@x> to=<boss`@it.co.za, of Postfix before 3.5
        said("smtpd", f'NOQUEUE: reject: RCPT from {PEER}: 550 <; from=<"@x>: no{UNQUOTED}'),
        said("smtpd", f"NOQUEUE: reject: EHLO from {PEER}: 550 no; proto=SMTP helo=<a; {FORGED}"),
        said("smtpd", f"NOQUEUE: reject: MAIL from {PEER}: 550 no; to=<{BOSS}> proto=SMTP"),
        said("smtpd", f"{ID}: client={PEER}, sasl_method=PLAIN, sasl_username=x, orig_{FORGED}"),
        said("smtpd", f"{ID}: client={PEER}, client={FORGER}"),
    ],
)
def test_what_can_be_read_in_two_ways_is_strange(line: str) -> None:
    logged, reader = postfix(line, taken(), delivered("shaun@it.co.za"))
    assert (logged, reader.tally.strange.total()) == ([], 1)


@pytest.mark.parametrize(
    "text",
    [
        f"warning: {PEER}: SASL PLAIN authentication failed: x, sasl_username=x: client={FORGER}",
        f"warning: non-SMTP command from {PEER}: reject: RCPT {FORGED}",
        f"warning: Illegal address syntax from {PEER} in MAIL command: <{ID}: client={FORGER}>",
        f"improper command pipelining after EHLO from {PEER}: {ID}: client={FORGER}",
        f"lost connection after RCPT from {PEER}",
        f"{PEER}: Untrusted: subject_CN={ID}: client={FORGER}, issuer=x, fingerprint=00",
    ],
)
def test_what_is_said_in_passing_is_nothing(text: str) -> None:
    logged, reader = postfix(said("smtpd", text), taken(), delivered("shaun@it.co.za"))
    assert (logged, reader.tally.strange.total()) == ([], 0)


ADDRESSES = st.tuples(EVIL.map(lambda text: text.replace("\x00", "")), DOMAINS)


def written(address: tuple[str, str]) -> str:
    return f"{quoted(address[0])}@{address[1]}"


@given(
    sender=ADDRESSES,
    helo=EVIL,
    name=st.booleans(),
    subject=EVIL,
    message_id=ADDRESSES,
    recipients=st.lists(ADDRESSES, min_size=1, max_size=3),
    certificate=st.none() | EVIL,
    user=st.none() | EVIL,
    rejected=st.sampled_from(["", "RCPT", "MAIL", "DATA", "after DATA", "EHLO or HELO"]),
    rejectlog=st.booleans(),
    logs_recipients=st.booleans(),
    second_of_its_time=st.booleans(),
)
def test_nothing_of_a_line_of_exims_is_forged(
    sender: tuple[str, str],
    helo: str,
    name: bool,
    subject: str,
    message_id: tuple[str, str],
    recipients: list[tuple[str, str]],
    certificate: str | None,
    user: str | None,
    rejected: str,
    rejectlog: bool,
    logs_recipients: bool,
    second_of_its_time: bool,
) -> None:
    who = f"H={'mail.x.example ' if name else ''}({helo}) [{CLIENT}]:40000"
    tls = "" if certificate is None else f' X=TLS1.3:a:256 CV=no DN="{certificate}"'
    authenticated = "" if user is None else f" A=plain:{_without_blanks(user)}"
    given_ = [written(recipient) for recipient in recipients]
    if rejected:
        what = {"RCPT": f"RCPT <{given_[0]}>: no", "MAIL": f"MAIL <{written(sender)}>: no"}
        where = "" if rejected in ("MAIL", "EHLO or HELO") else f" F=<{written(sender)}>"
        lines = [
            f"2026-11-24 10:00:00 {who}{tls}{where}{authenticated if where else ''}"
            f" rejected {what.get(rejected, f'{rejected}: {subject}')}"
        ]
    else:
        whom = f" from <{written(sender)}> for {' '.join(given_)}" if logs_recipients else ""
        lines = [
            f"{EXIM}{written(sender)} {who} P=esmtp{'s' if tls else ''}{'a' if user else ''}{tls}"
            f'{authenticated} S=9 id={written(message_id)} T="{escaped(subject)}"{whom}',
            *(f"2026-11-24 10:00:00 1PIcQq-00040L-2X => x <{to}> R=a T=b" for to in given_),
            "2026-11-24 10:00:00 1PIcQq-00040L-2X Completed",
        ]
    before = ["2026-11-24 10:00:00 Start queue run: pid=1"] * second_of_its_time
    logged, _ = exim(*before, *lines, rejectlog=rejectlog)
    assert len(logged) <= 1
    for one in logged:
        assert one.client == CLIENT
        assert one.name == ("mail.x.example" if name else None)
        assert set(one.recipients) <= set(given_)
        assert one.sender in (written(sender), None)
        told = (user or "").partition(":")[0]
        assert one.authenticated in ("", None, _without_blanks(told) or "plain", "(not told)")
        assert user is not None or not one.authenticated


def _without_blanks(text: str) -> str:
    return text.replace(" ", "_").replace('"', "_")


SAID = EVIL.map(printable)
HELOS = EVIL.map(lambda text: printable(text, also=' <>()\\";@'))
GIVEN = ADDRESSES.map(lambda address: printable(external(f"{address[0]}@{address[1]}")))
"""Addresses as Postfix logs them; smtpd takes none whose domain is no name or address literal."""
SENT = st.tuples(EVIL, EVIL).map(lambda parts: printable(external("@".join(parts))))
"""A sender's that a program on the host has given: the domain may be anything too."""


@given(
    sender=SENT,
    recipients=st.lists(st.tuples(GIVEN, st.none() | GIVEN), min_size=1, max_size=3),
    message_id=SAID,
    answer=SAID,
    user=st.none() | SAID,
    daemon=st.sampled_from(["smtp", "local", "virtual", "bounce", "cleanup", "pipe"]),
    port=st.booleans(),
)
def test_nothing_of_a_message_of_postfixs_is_forged(
    sender: str,
    recipients: list[tuple[str, str | None]],
    message_id: str,
    answer: str,
    user: str | None,
    daemon: str,
    port: bool,
) -> None:
    peer = PEER + ":40000" * port
    authenticated = f", sasl_method=PLAIN, sasl_username={user}" if user else ""
    logged, _ = postfix(
        said("smtpd", f"connect from {peer}"),
        said("smtpd", f"{ID}: client={peer}{authenticated}"),
        said("cleanup", f"{ID}: message-id={message_id}"),
        taken(sender, len(recipients)),
        *(
            delivered(f"{to}>, orig_to=<{given_}" if given_ else to, answer, daemon)
            for to, given_ in recipients
        ),
        said("qmgr", f"{ID}: removed"),
    )
    assert len(logged) <= 1
    for one in logged:
        assert (one.client, one.client_port, one.name) == (CLIENT, 40000 if port else None, "")
        assert (one.sender, one.size) == (sender, 9)
        assert bool(one.authenticated) is bool(user)
        assert (user or "").startswith(one.authenticated or "")  # it may say `, sasl_sender=...`
        assert set(one.recipients) <= {given_ or to for to, given_ in recipients}


@given(
    sender=GIVEN,
    recipient=GIVEN,
    helo=HELOS,
    text=SAID,
    user=st.none() | SAID,
    stage=st.sampled_from(["CONNECT", "EHLO", "MAIL", "RCPT", "DATA", "END-OF-MESSAGE", "VRFY"]),
    what=st.sampled_from(["reject", "milter-reject", "discard", "hold", "reject_warning"]),
    id_=st.sampled_from([ID, "NOQUEUE"]),
    known=st.booleans(),
)
def test_nothing_of_what_smtpd_refused_is_forged(
    sender: str,
    recipient: str,
    helo: str,
    text: str,
    user: str | None,
    stage: str,
    what: str,
    id_: str,
    known: bool,
) -> None:
    fields = {"EHLO": "h", "MAIL": "sh", "RCPT": "srh", "DATA": "sh", "END-OF-MESSAGE": "srh"}
    there = fields.get(stage, "")
    line = f"{id_}: {what}: {stage} from {PEER}: 550 5.1.1 <{text}>: no;"
    line += f" from=<{sender}>" * ("s" in there) + f" to=<{recipient}>" * ("r" in there)
    line += " proto=ESMTP" + f" helo=<{helo}>" * ("h" in there)
    line += f" sasl_method=PLAIN sasl_username={user}" if user else ""
    logged, _ = postfix(*[CAME] * known, said("smtpd", line))
    assert len(logged) <= 1
    for one in logged:
        assert (one.client, one.client_port, one.name) == (CLIENT, None, "")
        assert one.sender == (sender if "s" in there else None)
        assert one.recipients == ((recipient,) if "r" in there else ())
        assert one.helo == (helo if "h" in there else None)
        nobody = "" if known and id_ == ID else None
        assert (
            one.authenticated == nobody if not user else (user.startswith(one.authenticated or ""))
        )


@given(
    sender=SENT,
    recipient=GIVEN,
    helo=HELOS,
    content=SAID,
    why=SAID,
    what=st.sampled_from(["reject", "discard", "warning", "milter-header-reject"]),
    kind=st.sampled_from(["header", "body", "mime-error"]),
    peer=st.sampled_from([PEER, "local"]),
    known=st.booleans(),
)
def test_nothing_of_what_cleanup_refused_is_forged(
    sender: str,
    recipient: str,
    helo: str,
    content: str,
    why: str,
    what: str,
    kind: str,
    peer: str,
    known: bool,
) -> None:
    line = (
        f"{ID}: {what}: {kind} {content[:200]} from {peer}; from=<{sender}> to=<{recipient}>"
        f" proto=ESMTP helo=<{helo}>: {why}"
    )
    logged, _ = postfix(*[CAME] * known, said("cleanup", line))
    for one in logged:
        assert one.client == (CLIENT if peer == PEER else None)
        assert (one.sender, one.recipients) == (sender, (recipient,))
        assert one.authenticated in ("", None)


@given(sender=SAID, recipient=SAID, helo=SAID, text=SAID)
def test_nothing_of_what_postscreen_refused_is_forged(
    sender: str, recipient: str, helo: str, text: str
) -> None:
    logged, _ = postfix(
        said("postscreen", f"CONNECT from [{CLIENT}]:40000 to [192.0.2.1]:25"),
        said("postscreen", f"PREGREET 9 after 0.1 from [{CLIENT}]:40000: {text}"),
        said(
            "postscreen",
            f"NOQUEUE: reject: RCPT from [{CLIENT}]:40000: 450 4.3.2 no; from=<{sender}>,"
            f" to=<{recipient}>, proto=ESMTP, helo=<{helo}>",
        ),
    )
    for one in logged:
        assert (one.client, one.client_port, one.name) == (CLIENT, 40000, None)
        assert (one.sender, one.recipients, one.helo) == (sender, (recipient,), helo)
        assert one.authenticated == ""
