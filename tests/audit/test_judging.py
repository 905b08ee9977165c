"""From what a server did to a verdict: a table, and the law that nothing unproven is shut."""

from __future__ import annotations

from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.audit.judging import TOLD, At, How, Verdict, judge, unprobed
from mxward.audit.leads import Lead, Why
from mxward.smtp.probed import About, Answered, Guarded, Probed

SERVER = ip_address("192.0.2.25")


def answered(how: str, **more: object) -> Probed:
    return Probed(SERVER, 25, "it.co.za", Answered(how), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("probed", "verdict", "how"),
    [
        (answered("accepted", catch_all=True), Verdict.OPEN, How.CATCH_ALL),
        (
            answered("accepted", catch_all=False, stranger=About.RECIPIENT),
            Verdict.OPEN,
            How.ACCEPTED,
        ),
        # postmaster may be all that gets in
        (answered("accepted"), Verdict.LIKELY, How.POSTMASTER),
        (answered("accepted", stranger=About.CLIENT), Verdict.LIKELY, How.POSTMASTER),
        (answered("accepted", stranger=About.UNCLEAR), Verdict.LIKELY, How.POSTMASTER),
        (answered("accepted", stranger=About.DOMAIN), Verdict.CLOSED, How.POSTMASTER_ONLY),
        (answered("accepted", stranger=About.LOGIN), Verdict.CLOSED, How.POSTMASTER_ONLY),
        (answered("accepted", catch_all=True, trusting=True), Verdict.UNKNOWN, How.TRUSTS_US),
        (answered("accepted", catch_all=True, trusting=False), Verdict.OPEN, How.CATCH_ALL),
        (answered("refused", about=About.DOMAIN), Verdict.CLOSED, How.REFUSED),
        (answered("refused", about=About.LOGIN), Verdict.CLOSED, How.LOGIN),
        (answered("refused", about=About.RECIPIENT), Verdict.LIKELY, How.USER_REFUSED),
        (answered("refused", about=About.SENDER), Verdict.UNKNOWN, How.REFUSED_US),
        (answered("refused", about=About.CLIENT), Verdict.UNKNOWN, How.REFUSED_US),
        (answered("refused", about=About.UNCLEAR), Verdict.UNKNOWN, How.REFUSED_US),
        (answered("refused"), Verdict.UNKNOWN, How.REFUSED_US),
        (answered("deferred"), Verdict.UNKNOWN, How.DEFERRED),
        (answered("deferred", about=About.RECIPIENT), Verdict.UNKNOWN, How.DEFERRED),
        (answered("deferred", about=About.LOGIN), Verdict.UNKNOWN, How.DEFERRED),
        # 454 4.7.1 Relay access denied, as Postfix says by default
        (answered("deferred", about=About.DOMAIN), Verdict.CLOSED, How.REFUSED),
        (answered("silent"), Verdict.UNKNOWN, How.SILENT),
        (answered("not-asked"), Verdict.UNKNOWN, How.NOT_ASKED),
        (answered("unreached"), Verdict.CLOSED, How.NOBODY),
        (answered("accepted", guarded=Guarded.REROUTED), Verdict.CLOSED, How.GUARD_REROUTED),
        (answered("deferred", guarded=Guarded.DEFERRED), Verdict.CLOSED, How.GUARD_DEFERRED),
        (answered("refused", guarded=Guarded.REFUSED), Verdict.CLOSED, How.GUARD_REFUSED),
    ],
)
def test_a_verdict(probed: Probed, verdict: Verdict, how: How) -> None:
    assert judge(probed) == At(verdict, how)


def test_microsoft_365_may_refuse_later() -> None:
    taken = answered("accepted", catch_all=True)
    assert judge(taken, "microsoft365") == At(Verdict.LIKELY, How.MAY_REJECT_LATER)
    assert judge(taken, "google").verdict is Verdict.OPEN


@st.composite
def anything(draw: st.DrawFn) -> Probed:
    """Whatever a prober might say, likely or not."""
    return Probed(
        SERVER,
        draw(st.sampled_from([25, 465, 587])),
        "it.co.za",
        draw(st.sampled_from(Answered)),
        catch_all=draw(st.sampled_from([None, True, False])),
        stranger=draw(st.sampled_from([None, *About])),
        trusting=draw(st.sampled_from([None, True, False])),
        guarded=draw(st.sampled_from([None, None, None, *Guarded])),
        about=draw(st.sampled_from([None, *About])),
        reply=draw(st.text(max_size=20)),
    )


def is_proof(probed: Probed) -> bool:
    """What counts as proof that a door is shut; written down once more, by itself."""
    speaks_of_the_door = {About.DOMAIN, About.LOGIN}
    match probed.answered:
        case Answered.UNREACHED:
            return True
        case Answered.REFUSED:
            return probed.about in speaks_of_the_door
        case Answered.DEFERRED:
            return probed.about is About.DOMAIN
        case Answered.ACCEPTED:
            alone = probed.stranger in speaks_of_the_door and not probed.catch_all
            return alone and not probed.trusting
    return False


@given(anything(), st.sampled_from(["", "microsoft365", "google"]))
def test_nothing_is_shut_that_was_not_proven(probed: Probed, service: str) -> None:
    verdict = judge(probed, service).verdict
    if verdict is Verdict.CLOSED:
        assert probed.guarded is not None or is_proof(probed)
    if verdict is Verdict.OPEN:
        assert probed.answered is Answered.ACCEPTED and probed.guarded is None


@pytest.mark.parametrize(
    ("leads", "server", "mine", "expected"),
    [
        ([Lead(Why.GUESS, "mail")], True, True, At(Verdict.LIKELY, How.MAIL_SERVER)),
        ([Lead(Why.GUESS, "mail")], False, True, At(Verdict.UNKNOWN, How.OWN_HOST)),
        ([Lead(Why.GUESS, "mail")], False, False, At(Verdict.UNKNOWN, How.OUTSIDE)),
        ([Lead(Why.MX, "mx.b.example")], False, False, At(Verdict.LIKELY, How.MAIL_SERVER)),
    ],
)
def test_what_was_not_probed_is_never_shut(
    leads: list[Lead], server: bool, mine: bool, expected: At
) -> None:
    assert unprobed(leads, server=server, mine=mine) == expected


def test_each_how_is_told() -> None:
    assert set(TOLD) == set(How)
