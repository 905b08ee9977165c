"""One spelling for each domain, the domain of a recipient, and sets of domains."""

from __future__ import annotations

import sys
import unicodedata
from types import FrameType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward import domains
from mxward.domains import HIDDEN, Domains, folded, is_normal, normal, of_recipient, parents

labels = st.from_regex(r"[a-z0-9_]([a-z0-9_-]{0,8}[a-z0-9_])?", fullmatch=True)
shown = labels | st.sampled_from(
    ["b\u00fccher", "\u4e2d\u56fd", "\u05d0\u05d1", "i\u2764", "\u03bf\u03b4\u03cc\u03c3"]
)
names = st.lists(shown, min_size=1, max_size=4).map(lambda parts: ".".join([*parts, "example"]))
odd = st.sampled_from(
    ["xn--", ".", "..", "-", "_", "@", "\u3002", "\u00df", "\u200d", "\u0301", "\ud800"]
)
texts = st.lists(odd | st.text(max_size=3) | shown, max_size=6).map("".join)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("it.co.za", "it.co.za"),
        ("IT.Co.ZA.", "it.co.za"),
        ("localhost", "localhost"),
        ("_spf.a_b.example", "_spf.a_b.example"),
        ("ab--cd.example", "ab--cd.example"),
        ("4.example", "4.example"),
        ("3com", "3com"),
        # IDN: U-labels and A-labels, full stops and letters of other widths, invisible ones
        ("b\u00fccher.example", "xn--bcher-kva.example"),
        ("B\u00dcCHER.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example.", "xn--bcher-kva.example"),
        ("\uff49\uff54\u3002co\uff0eza\uff61", "it.co.za"),
        ("i\u00adt.c\u200bo.za", "it.co.za"),
        ("tel\u017f.example", "tels.example"),
        ("\ufb01n.example", "fin.example"),
        # UTS 46 keeps what the IDNA of 2003 folded, and maps capital sigma to the plain one
        ("fa\u00df.example", "xn--fa-hia.example"),
        ("\u039f\u0394\u039f\u03a3.\u4e2d\u56fd", "xn--pxavbq.xn--fiqs8s"),
        ("\u03bf\u03b4\u03bf\u03c2.\u4e2d\u56fd", "xn--pxavbm.xn--fiqs8s"),
        # what IDNA 2008 refuses and registries sell; an underscore beside an IDN
        ("I\u2764.ws", "xn--i-7iq.ws"),
        ("xn--i-7iq.ws", "xn--i-7iq.ws"),
        ("a_b.b\u00fccher.example", "a_b.xn--bcher-kva.example"),
        ("a" * 63 + ".example", "a" * 63 + ".example"),
        (".".join(["a" * 49] * 5) + ".za.", ".".join(["a" * 49] * 5) + ".za"),
    ],
)
def test_normal(text: str, name: str) -> None:
    assert normal(text) == name
    assert normal(name) == name


NO_NAMES = ["", ".", "..", "it.co.za..", ".it.co.za", "it..co.za", "\u3002", "it.co.za.\u3002"]
NO_HOSTS = [
    "-it.co.za",
    "it-.co.za",
    "it co.za",
    " it.co.za",
    "it.co.za\n",
    "it.co.za\0",
    "it,co,za",
]
NUMBERS = [
    "[192.0.2.1]",
    "192.0.2.1",
    "1.2.3.4.",
    "\uff11.\uff12.\uff13.\uff14",
    "2130706433",
    "a.1",
]
TOO_LONG = ["a" * 64 + ".za", ".".join(["a" * 50] * 5) + ".za", "\u00fc" * 60 + ".za", "a" * 10_000]
INFLATED = ["\u00ad" * 1_000 + "it.co.za", "xn--" + "a" * 10_000, "\u00fc" * 10_000]
FAKE = ["xn--.za", "xn--it-.co.za", "xn--tel-i3a.za", "xn---tda.za", "xn--a", "xn--\u00fc.za"]
NONSENSE = [
    "\ud800.za",
    "a\ufffd.za",
    "\u2100.za",
    "a/b",
    "\u00fc/b.za",
    "\u00fc@b.za",
    "*.it.co.za",
    "%",
]


@pytest.mark.parametrize(
    "text",
    [*NO_NAMES, *NO_HOSTS, *NUMBERS, *TOO_LONG, *INFLATED, *FAKE, *NONSENSE],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_no_domain(text: str) -> None:
    with pytest.raises(ValueError):
        normal(text)
    assert not is_normal(text)
    assert of_recipient(f"shaun@{text}") == HIDDEN


def punycode_calls(text: str) -> int:
    """How often the codec, which is written in Python, is entered for a name."""
    calls = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal calls
        calls += event == "call" and frame.f_code.co_filename.endswith("punycode.py")

    before = sys.getprofile()
    sys.setprofile(count)
    try:
        of_recipient(f"shaun@{text}")
    finally:
        sys.setprofile(before)
    return calls


LETTERS = "".join(map(chr, range(0x4E00, 0x4E00 + 990)))  # each makes Punycode count anew


@pytest.mark.parametrize(
    "text",
    [
        LETTERS,
        f"{LETTERS[:64]}.za",
        ".".join(LETTERS[start : start + 60] for start in range(0, 300, 60)),
        f"xn--{'a' * 900}",
        "\ufdfa" * 55,  # each stands for 18 characters
    ],
    ids=lambda text: repr(text[:30]),
)
def test_what_is_too_long_is_refused_before_any_punycode_work(text: str) -> None:
    assert punycode_calls(text) == 0
    assert of_recipient(f"shaun@{text}") == HIDDEN


def test_punycode_work_is_seen() -> None:
    assert punycode_calls("punycode-work-is-seen.b\u00fccher.example") > 0


# What Postfix 3.7 and Exim 4.96 take a recipient for (tests/integration/test_odd_recipients.py asks
# them), next to the domain that a decision is made for. HIDDEN is on the safe side.
@pytest.mark.parametrize(
    ("recipient", "domain"),
    [
        ("shaun@it.co.za", "it.co.za"),
        ("shaun@IT.CO.ZA.", "it.co.za"),
        ('"shaun"@it.co.za', "it.co.za"),
        ('"sh aun"@it.co.za', "it.co.za"),
        ("@it.co.za", "it.co.za"),
        ("shaun+x@it.co.za", "it.co.za"),
        ("|shaun@it.co.za", "it.co.za"),
        ("shaun(x)@it.co.za", "it.co.za"),
        ("shaun\\@it.co.za", "it.co.za"),
        ("shaun\0@it.co.za", "it.co.za"),
        ("\ud800@it.co.za", "it.co.za"),
        ("SRS0=x=y=it.co.za=shaun@far.example", "far.example"),
        ("shaun#it.co.za@far.example", "far.example"),
        # routed on from the local part
        ("shaun%it.co.za@far.example", HIDDEN),
        ("shaun%it.co.za", HIDDEN),
        ("it.co.za!shaun@far.example", HIDDEN),
        ("it.co.za!shaun", HIDDEN),
        ("@far.example:shaun@it.co.za", HIDDEN),
        ("@it.co.za,@far.example:shaun@far.example", HIDDEN),
        ('"shaun@it.co.za"@far.example', HIDDEN),
        ('"shaun@it.co.za"', HIDDEN),
        ("shaun@it.co.za@far.example", HIDDEN),
        ("shaun@it.co.za@", HIDDEN),
        ("far.example:shaun@it.co.za", HIDDEN),
        ("it.co.za::shaun", HIDDEN),
        # no domain, or none that is a name
        ("shaun", HIDDEN),
        ("", HIDDEN),
        ("shaun@", HIDDEN),
        ("shaun@[192.0.2.25]", HIDDEN),
        ("shaun@[IPv6:2001:db8::25]", HIDDEN),
        ("shaun@192.0.2.25", HIDDEN),
        ("shaun@#3221226009", HIDDEN),
        ("shaun@it.co.za..", HIDDEN),
        ("shaun@it.co.za ", HIDDEN),
        ("shaun@ it.co.za", HIDDEN),
        ("shaun@it.co.za(x)", HIDDEN),
        ("shaun@(x)it.co.za", HIDDEN),
        ("shaun@it.co.za>", HIDDEN),
        ("shaun@it.co.za\0.far.example", HIDDEN),
        ("shaun@xn--it-.co.za", HIDDEN),
        ("shaun\uff20it.co.za", HIDDEN),
    ],
)
def test_of_recipient(recipient: str, domain: str) -> None:
    assert of_recipient(recipient) == domain


@pytest.mark.parametrize(
    ("recipient", "domain"),
    [
        ("u@fa\u00df.example", "fass.example"),
        ("u@FA\u1e9e.example", "fass.example"),
        ("u@\u03bf\u03b4\u03bf\u03c2.example", "xn--pxavbq.example"),
        ("u@i\u200dt.c\u200co.za", "it.co.za"),
        ("stra\u00dfe@it.co.za", "it.co.za"),
        ("u@b\u00fccher.example", "xn--bcher-kva.example"),
        ("u@\u00df@", HIDDEN),
    ],
)
def test_folded(recipient: str, domain: str) -> None:
    assert folded(recipient) == domain


def test_folding_reads_five_characters_otherwise_and_no_more() -> None:
    def read_otherwise(character: str) -> bool:
        recipient = f"u@a{character}b.example"
        return of_recipient(recipient) not in (HIDDEN, folded(recipient))

    assert set(filter(read_otherwise, map(chr, range(0x3000)))) == set(
        "\u00df\u1e9e\u03c2\u200c\u200d"
    )


@pytest.mark.parametrize("mailbox", ["postmaster", "Postmaster", "POSTMASTER"])
def test_postmaster(mailbox: str) -> None:
    assert domains.is_postmaster(mailbox)


@pytest.mark.parametrize(
    "mailbox", ['"postmaster"', "postmaster@it.co.za", "postmaster@", "po\u017ftmaster"]
)
def test_no_postmaster(mailbox: str) -> None:
    assert not domains.is_postmaster(mailbox)


@given(
    names, st.sampled_from([str.upper, str.title, str.lower]), st.sampled_from(["", ".", "\u3002"])
)
def test_a_domain_has_one_spelling(name: str, case: type[str], dot: str) -> None:
    assert normal(case(name) + dot) == normal(name) == normal(normal(name))
    decomposed = unicodedata.normalize("NFD", name)
    assert normal(decomposed) == normal(name)


@given(texts)
def test_whatever_is_read_is_normal_and_else_value_error(text: str) -> None:
    try:
        name = normal(text)
    except ValueError:
        assert not is_normal(text)
    else:
        assert normal(name) == name
        assert name.isascii() and name == name.lower() and not name.endswith(".")
        assert max(map(len, name.split("."))) <= 63 and len(name) <= 253
        assert not is_normal(text) or name == text
    assert of_recipient(f"x@{text}") in (HIDDEN, of_recipient(f"y@{text}"))


@given(texts)
def test_sure_is_sure(text: str) -> None:
    assert not is_normal(text) or normal(text) == text


@pytest.mark.parametrize("text", ["it.co.za", "a-b.example", "a--b.c-d.example", "_x.example"])
def test_most_names_are_surely_normal(text: str) -> None:
    assert is_normal(text)


INVENTORY = Domains(["IT.co.za", "*.it.co.za", "*.b\u00fccher.example.", "example.org"])


@pytest.mark.parametrize(
    ("domain", "inside"),
    [
        ("it.co.za", True),
        ("a.it.co.za", True),
        ("b.a.it.co.za", True),
        ("notit.co.za", False),
        ("co.za", False),
        ("xn--bcher-kva.example", False),
        ("www.xn--bcher-kva.example", True),
        ("example.org", True),
        ("www.example.org", False),
        (HIDDEN, False),
    ],
)
def test_members(domain: str, inside: bool) -> None:
    assert (domain in INVENTORY) is inside


def test_domains_are_a_set() -> None:
    assert list(INVENTORY) == [
        "example.org",
        "it.co.za",
        "*.it.co.za",
        "*.xn--bcher-kva.example",
    ]
    assert len(INVENTORY) == 4
    assert not Domains()
    same = Domains.of_normal(["example.org", "it.co.za"], ["it.co.za", "xn--bcher-kva.example"])
    assert same == INVENTORY
    assert hash(same) == hash(INVENTORY)
    assert Domains(["it.co.za"]) != Domains(["*.it.co.za"])
    with pytest.raises(ValueError, match="no domain name"):
        Domains(["it.co.za", "*."])


def test_a_whole_name_is_given_back_as_the_object_that_is_kept() -> None:
    made = [f"d{n}.example" for n in range(2)]
    again, unknown = f"d{len(made) - 1}.example", "a.it.co.za"
    for inventory in (Domains([*made, "*.it.co.za"]), Domains.of_normal(made, ["it.co.za"])):
        assert again is not made[1]
        assert inventory.spelled(again) == again
        assert inventory.spelled(again) is inventory.spelled(made[1])
        assert inventory.spelled(unknown) is unknown


@given(st.lists(names, max_size=4), names)
def test_below_is_what_ends_in_it(entries: list[str], name: str) -> None:
    name = normal(name)
    wanted = any(name.endswith("." + normal(entry)) for entry in entries)
    assert (name in Domains(f"*.{entry}" for entry in entries)) is wanted
    assert all(name.endswith("." + parent) for parent in parents(name))
    assert len(list(parents(name))) == name.count(".")
