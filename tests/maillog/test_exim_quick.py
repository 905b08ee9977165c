"""The short way through an arrival says what the long way says, or nothing."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mxward.maillog.exim_arrival import LONGEST_LINE, arrival
from mxward.maillog.exim_lines import DELIVERY, PLAIN_DELIVERY
from mxward.maillog.exim_quick import plain
from mxward.maillog.exim_rejected import rejection
from mxward.maillog.logged import Logged
from tests.maillog.forging import CLIENT, EVIL, FRIEND

ID = "1PIcQq-00040L-2X"
AT = 1e9
PLAIN = (
    f"{ID} <= a@x.example H=mail.x.example (helo) [{CLIENT}]:40000 I=[2001:db8::25]:25 P=esmtps"
    ' X=TLS1.3:a:256 CV=no K S=686941 DKIM=x.example id=9@x T="an \u00e4 of <it>" for a@d b@d'
)


REFUSED = (
    f"H=mail.x.example (helo) [{CLIENT}]:40000 I=[192.0.2.25]:25 X=TLS1.3:a:256 CV=no"
    " F=<a@x.example> temporarily rejected RCPT <shaun@it.co.za>: no: try <again>"
)


def both(text: str) -> tuple[Logged | None, Logged | None]:
    line = text.encode("utf-8", "surrogateescape")
    short = plain(line, 0, AT, "mx", 7)
    if text.startswith("H="):
        return short, rejection(line, AT, "mx", None, 7)
    message = text.partition(" ")[0]
    return short, arrival(line, len(f"{message} <="), AT, "mx", message, 7)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(" a@x.example H=", " <> H="),
        PLAIN.replace(ID, "1tQqQq-0000000040L-2Xab"),
        PLAIN.replace("mail.x.example (helo) ", "(helo) "),
        PLAIN.replace("mail.x.example (helo) ", "mail.x.example "),
        PLAIN.replace("mail.x.example (helo) ", ""),
        PLAIN.replace(CLIENT, "2001:DB8::7"),
        PLAIN.replace(" I=[2001:db8::25]:25", ""),
        PLAIN.replace("]:40000", "]").replace("::25]:25", "::25]"),
        PLAIN.replace("P=esmtps X=TLS1.3:a:256 CV=no K ", "P=smtp "),
        PLAIN.replace("P=esmtps", "P=esmtpsa"),
        PLAIN.replace("CV=no", "CV=yes"),
        PLAIN.replace(" DKIM=x.example id=9@x", ""),
        PLAIN.partition(" for ")[0],
        PLAIN.partition(" T=")[0],
        f"{PLAIN} a@d",
        REFUSED,
        REFUSED.replace("temporarily ", ""),
        REFUSED.replace("mail.x.example (helo) ", "(helo) "),
        REFUSED.replace("mail.x.example (helo) ", "mail.x.example "),
        REFUSED.replace("mail.x.example (helo) ", ""),
        REFUSED.replace(" X=TLS1.3:a:256 CV=no", ""),
        REFUSED.replace("CV=no", "CV=yes"),
        REFUSED.replace("a@x.example", ""),
        REFUSED.replace("]:40000", "]").replace("]:25", "]"),
        REFUSED.replace(" I=[192.0.2.25]:25", ""),
        REFUSED.replace("try <again>", '"twice" rejected RCPT <b@x.example>: no'),
    ],
)
def test_what_is_plain_goes_the_short_way(text: str) -> None:
    short, long = both(text)
    assert short == long
    assert short is not None


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.partition(" T=")[0] + "<trunc>",
        f"{PLAIN} {'c' * LONGEST_LINE}@d",
        PLAIN.replace("[192.0.2.10]", "[192.0.2.10%lo]"),
        PLAIN.replace("::25]:25", "::25%lo]:25"),
        PLAIN.replace(CLIENT, "192.0.2.256"),
        f"{PLAIN} a@d \udcff@d",
        PLAIN.replace(" a@x.example H=", " a<b>@x.example H="),
        PLAIN.replace("P=esmtps", 'P="esmtps'),
        PLAIN.replace("id=9@x", 'id="9"@x'),
        PLAIN.replace("(helo)", f"(x) [{FRIEND}]:25 (y)"),
        PLAIN.replace("a@x.example H=", f'" H=scanner [{FRIEND}]:25 P=esmtps"@x.example H='),
        PLAIN.replace("of <it>", f") [{FRIEND}] is no client"),
        PLAIN.replace('T="an', r'T="\"an'),
        PLAIN.replace("for a@d", "from <a@x.example> for a@d"),
        PLAIN.replace("CV=no", "CV=no A=plain:anna"),
        PLAIN.replace("for a@d", "for <a@d>"),
        REFUSED.replace("try <again>", f") [{FRIEND}]"),
        REFUSED.replace("shaun@it", '"shaun"@it'),
        REFUSED.replace("<a@x", '<"a"@x'),
        REFUSED.replace("<a@x", "<a b@x"),
        REFUSED.replace("(helo)", '("helo)'),
        REFUSED.replace("again", "\udcff"),
        REFUSED.replace(CLIENT, "192.0.2.256"),
        REFUSED.replace("]:25", "%lo]:25"),
        REFUSED.replace("<a@x.example>", "<a@x.example> A=plain:anna"),
        REFUSED.replace("RCPT <shaun@it.co.za>", "MAIL <a@x.example>"),
    ],
)
def test_what_is_not_goes_the_long_way(text: str) -> None:
    assert both(text)[0] is None


FIELDS = {
    "arrival": PLAIN.replace(' T="an \u00e4 of <it>"', "").split(" ")[2:],
    "rejection": REFUSED.split(" "),
}


@st.composite
def lines(draw: st.DrawFn, kind: str) -> str:
    """A plain line in which some fields say something else, some are missing, some come twice."""
    fields = list(FIELDS[kind])
    if kind == "arrival":
        fields.insert(-3, f'T="{draw(EVIL)}"')
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(fields) - 1))
        what = draw(
            st.sampled_from(["", fields[place], draw(EVIL), f"{fields[place]}{draw(EVIL)}"])
        )
        other = draw(st.integers(0, len(fields) - 1))
        fields[draw(st.sampled_from([place, other]))] = what
    begin = f"{ID} <= " if kind == "arrival" else "H="
    text = " ".join(field for field in fields if field).removeprefix("H=")
    return f"{begin}{text}".replace("\n", "")


@pytest.mark.parametrize("kind", FIELDS)
@settings(max_examples=500)
@given(data=st.data())
def test_both_ways_say_the_same(kind: str, data: st.DataObject) -> None:
    short, long = both(data.draw(lines(kind)))
    assert short in (None, long)


@pytest.mark.parametrize("begin", [f"{ID} <= ", "H="])
@given(text=st.text(max_size=200) | EVIL)
def test_no_words_raise(begin: str, text: str) -> None:
    both(f"{begin}{text}".replace("\n", "").encode("utf-8", "replace").decode())


PLACES = st.sampled_from(["shaun", "shaun@it.co.za", "|/bin/x", ":blackhole:", "@it", "a@b@c", ""])
ADDRESSES = st.sampled_from(["shaun@it.co.za", "a:b@d", "a@[192.0.2.1]", "a@b@c", "@d", "a", ""])
AFTER = st.sampled_from([" R=a T=b", " <b@x.example> R=a", "", ":", " (x) R=a", " x R=a"])


@settings(max_examples=500)
@given(PLACES | EVIL, ADDRESSES | EVIL, AFTER | EVIL)
def test_a_plain_delivery_is_one(place: str, address: str, after: str) -> None:
    line = f" {place} <{address}>{after}".encode()
    short, long = PLAIN_DELIVERY.match(line), DELIVERY.match(line)
    assert short is None or (long is not None and short[1] == long[2])


@pytest.mark.parametrize("place", ["shaun", "shaun@it.co.za"])
def test_most_are_plain(place: str) -> None:
    found = PLAIN_DELIVERY.match(f" {place} <shaun@it.co.za> R=a T=b".encode())
    assert found is not None
    assert found[1] == b"shaun@it.co.za"
