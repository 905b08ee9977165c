"""What main.cf and master.cf say, where our word belongs, and how it goes away again."""

from __future__ import annotations

import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lockdown.postfix_changes import LIST, Main, of_main, of_services, unmet
from mxward.lockdown.postfix_main import (
    OURS,
    SASL,
    Service,
    Unclear,
    before,
    dense,
    is_shut,
    parameters,
    placed,
    services,
    without,
)

WORDS = st.sampled_from(
    [
        SASL,
        "permit_mynetworks",
        "permit_tls_clientcerts",
        "permit",
        "reject",
        "reject_unauth_destination",
        "check_client_access",
        "cidr:{ {192.0.2.0/24 OK}, {::/0 DUNNO} }",
        "hash:/etc/postfix/it's",
        "$mine",
        "${mine?{a b}:{c}}",
    ]
)
LISTS = st.lists(st.tuples(WORDS, st.sampled_from([",", ", ", " ", " , ", ",,"])), max_size=7).map(
    lambda pairs: "".join(f"{word}{between}" for word, between in pairs).rstrip(" ,")
)


@given(LISTS)
def test_it_is_put_in_once_and_comes_out_without_a_trace(told: str) -> None:
    try:
        with_ours = placed(told)
    except Unclear:
        assert SASL not in told
        return
    assert with_ours.replace(",", " ").split().count(OURS) == 1
    assert placed(with_ours) == with_ours
    assert without(with_ours) == told
    assert without(told) == told


@given(LISTS)
def test_nobody_gets_a_right_by_it(told: str) -> None:
    """Ours lets by who has authenticated: so did the list at that place, or nothing comes after."""
    try:
        words = before(told)
    except Unclear:
        return
    after = without(told)
    for word in words:
        after = after[after.index(word) + len(word) :]
    assert SASL in words or after.strip(" ,") in ("", "permit")


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        ("", "mxward"),
        ("reject_unauth_destination", "reject_unauth_destination, mxward"),
        ("reject_unauth_destination permit", "reject_unauth_destination, mxward permit"),
        ("permit", "mxward, permit"),
        (f"{SASL},permit_mynetworks,reject", f"{SASL},permit_mynetworks, mxward,reject"),
        (f"$mine {SASL} check_x_access", f"$mine {SASL}, mxward check_x_access"),
        (f"{SASL}, check_client_access cidr:{{ {{::/0 OK}} }}", None),
    ],
)
def test_where_it_belongs(told: str, wanted: str | None) -> None:
    assert placed(told) == (wanted or told.replace(SASL, f"{SASL}, mxward"))


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("permit_mynetworks, reject", "it ends in `reject`"),
        ("defer", "it ends in `defer`"),
        ("$mine, reject_unauth_destination", "stands behind a"),
        ("cidr:{ x", "braces"),
        ("cidr:} x {", "braces"),
    ],
)
def test_what_only_a_person_can_say(told: str, why: str) -> None:
    with pytest.raises(Unclear, match=why):
        placed(told)


def test_lists_that_let_nobody_else_in() -> None:
    assert is_shut(f"permit_mynetworks,{SASL},reject")
    assert is_shut("reject")
    assert not is_shut("")
    assert not is_shut(f"{SASL}, reject_unauth_destination")
    assert not is_shut(f"{SASL}, check_recipient_access hash:/x, reject")


def test_a_list_without_white_space() -> None:
    assert dense("a  b, c:{d,e}") == "a,b,c:{d,e}"
    with pytest.raises(Unclear, match="white space"):
        dense("cidr:{ {::/0 OK} }")


def test_main_cf() -> None:
    told = parameters("# x\n\na = 1\n  # y\n  2,\n\n\t3\nb=\na_ = ${x?{y}}\nb = = 4\n")
    assert told == {"a": "1 2, 3", "b": "= 4", "a_": "${x?{y}}"}


@pytest.mark.parametrize("text", ["a\n", "a b = 1\n", " \\n= 1\n", "é = 1\n"])
def test_what_is_no_main_cf(text: str) -> None:
    with pytest.raises(ValueError, match="sets no parameter"):
        parameters(text)


def test_master_cf() -> None:
    found = services(
        "smtp inet n - y - - smtpd -v\n"
        "# smtps inet n - y - - smtpd\n"
        "[::1]:10025 inet n - n - - /usr/lib/postfix/sbin/smtpd -o a=b\n"
        "  -oc=d,e -o {f = g, h}\n"
        "  # -o i=j\n"
        "smtpd pass - - y - - smtpd\n"
        "pickup unix n - y 60 1 pickup\n"
        "old unix - n n - - pipe\n  flags=R user=x argv=/bin/smtpd -o y\n"
    )
    assert found == (
        Service("smtp/inet", {}),
        Service("[::1]:10025/inet", {"a": "b", "c": "d,e", "f": "g, h"}),
        Service("smtpd/pass", {}),
    )
    assert [service.is_local for service in found] == [False, True, False]


def test_what_is_no_master_cf() -> None:
    with pytest.raises(ValueError, match="is no service"):
        services("smtp inet n - y\n")
    with pytest.raises(ValueError, match="braces"):
        services("smtp inet n - y - - smtpd -o { a = b\n")


CLASSES = {"mxward": "one", "mxward_x": "two"}


def after(main: Main) -> dict[str, str]:
    """What main.cf says once the commands were given."""
    told = dict(main.told)
    for command in of_main(CLASSES, main).there:
        program, option, *rest = shlex.split(command)
        if (program, option) == ("postconf", "-e"):
            name, _, value = rest[0].partition(" = ")
            told[name] = value
        elif option == "-X":
            for name in rest:
                del told[name]
    return told


@given(LISTS, st.lists(st.sampled_from(["mine", "other"]), unique=True))
def test_a_second_run_changes_nothing_and_the_way_back_is_the_same(
    told: str, classes: list[str]
) -> None:
    text = f"smtpd_restriction_classes = {' '.join(classes)}\n{LIST} = {told}\nmxward_old = x\n"
    first = Main(text)
    found = of_main(CLASSES, first)
    second = Main("".join(f"{name} = {value}\n" for name, value in after(first).items()))
    again = of_main(CLASSES, second)
    assert (again.there, again.by_hand) == ((), found.by_hand)
    assert shlex.split(again.back[0])[-1] == shlex.split(found.back[0])[-1]
    assert again.back[1:] == found.back[1:]
    assert unmet(CLASSES, second) == ()
    assert unmet(CLASSES, first)


def test_a_file_whose_last_line_has_no_end() -> None:
    there = of_main(CLASSES, Main("a = b")).there
    assert there[0] == 'echo >>"$(postconf -h config_directory)/main.cf"'
    assert of_main(CLASSES, Main("a = b\n")).there == there[1:]


def test_services() -> None:
    main = Main(
        f"{LIST} = reject_unauth_destination, mxward\n",
        "smtp inet n - y - - smtpd\n"
        "587 inet n - y - - smtpd\n"
        "  -o smtpd_client_restrictions=permit_sasl_authenticated,reject\n"
        f"  -o {LIST}=\n"
        f"26 inet n - y - - smtpd -o {LIST}=\n"
        f"2525 inet n - y - - smtpd -o {LIST}=mxward\n"
        f"27 inet n - y - - smtpd -o {LIST}=permit_x,reject\n"
        f"localhost:1 inet n - y - - smtpd -o {LIST}=permit_x,reject\n"
        "localhost:2 inet n - y - - smtpd\n",
    )
    found = of_services(main)
    assert found.there == (
        f"postconf -P 26/inet/{LIST}=mxward",
        f"postconf -P localhost:2/inet/{LIST}=reject_unauth_destination",
    )
    assert found.back == (
        f"postconf -P 26/inet/{LIST}=",
        f"postconf -P 2525/inet/{LIST}=",
        f"postconf -PX localhost:2/inet/{LIST}",
    )
    assert len(found.by_hand) == 1
    assert "27/inet" in found.by_hand[0]
