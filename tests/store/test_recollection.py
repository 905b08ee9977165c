"""A memory of the process: bounded, and sharing what is alike."""

from __future__ import annotations

import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from mxward.frontdoor.egress import NEVER, EgressHistory
from mxward.model import Kind, Known, Question, Remembered
from mxward.store.recollection import Recollection


def remembered(*values: str) -> Remembered:
    return Remembered(Known.FOUND, tuple(values), "", 0.0, 300.0)


def test_what_is_kept_is_recalled() -> None:
    memory = Recollection()
    question = Question(Kind.MX, "it.co.za")
    assert memory.recall(question) is None
    memory.keep(question, remembered("10 mx.example"))
    memory.keep(question, remembered("20 mx.example"))
    assert memory.recall(question) == remembered("20 mx.example")
    assert memory.recall(Question(Kind.A, "it.co.za")) is None
    assert len(memory) == 1


def test_equal_values_are_one_object() -> None:
    memory = Recollection()
    for name in ("a.example", "b.example"):
        memory.keep(Question(Kind.MX, name), remembered("10 mx.example"))
    one, other = (memory.recall(Question(Kind.MX, name)) for name in ("a.example", "b.example"))
    assert one is not None
    assert other is not None
    assert one.values is other.values


seconds = st.floats(allow_nan=False)
words = st.lists(st.text(max_size=3), max_size=3).map(tuple)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                [Question(Kind.MX, "a"), Question(Kind.MX, "b"), Question(Kind.A, "a")]
            ),
            st.builds(
                Remembered,
                st.sampled_from([Known.FOUND, Known.ABSENT]),
                words,
                st.text(max_size=3),
                seconds,
                seconds,
                st.lists(st.tuples(st.text(max_size=3), seconds), max_size=2).map(tuple),
            ),
        )
    )
)
def test_what_was_kept_last_is_recalled_whole(kept: list[tuple[Question, Remembered]]) -> None:
    memory = Recollection()
    for question, known in kept:
        memory.keep(question, known)
    assert {question: memory.recall(question) for question, _ in kept} == dict(kept)
    assert len(memory) == len(dict(kept))


def test_each_kind_is_bounded_and_the_first_go_first() -> None:
    memory = Recollection(most=128)
    memory.keep(Question(Kind.MX, "mx.example"), remembered("10 mx.example"))
    for n in range(10_000):
        memory.keep(Question(Kind.A, f"n{n}.example"), remembered("192.0.2.1"))
    assert 120 <= len(memory) <= 129
    assert memory.recall(Question(Kind.MX, "mx.example")) is not None
    assert memory.recall(Question(Kind.A, "n9999.example")) is not None
    assert memory.recall(Question(Kind.A, "n0.example")) is None


def test_what_goes_leaves_nothing_behind() -> None:
    tracemalloc.start()
    try:
        memory = Recollection(most=128)
        for n in range(10_000):
            memory.keep(Question(Kind.A, f"n{n}.example"), remembered(f"192.0.2.{n}"))
        octets, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(memory) <= 128
    assert octets < 300 * 128 * 4


def test_what_is_in_steady_use_stays() -> None:
    memory = Recollection(most=128)
    steady = Question(Kind.MX, "it.co.za")  # the first of all, as what is loaded at start
    for n in range(1_000):
        memory.keep(steady, remembered("10 mx.example"))
        memory.keep(Question(Kind.MX, f"n{n}.example"), remembered("20 mx.example"))
        assert memory.recall(steady) is not None


def test_a_full_memory_still_learns_of_what_it_knows() -> None:
    memory = Recollection(most=2)
    for name in ("a.example", "b.example", "a.example"):
        memory.keep(Question(Kind.A, name), remembered("192.0.2.1"))
    assert len(memory) == 2


def test_egress_and_the_operators_word() -> None:
    memory = Recollection()
    assert (memory.egress("mimecast"), memory.accepted_at("mimecast")) == (None, NEVER)
    memory.keep_egress("mimecast", EgressHistory(("spf.example",)))
    memory.accept("mimecast", 7.0)
    assert memory.egress("mimecast") == EgressHistory(("spf.example",))
    assert memory.accepted_at("mimecast") == 7.0
