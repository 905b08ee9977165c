"""What every store has to hold, whatever is beneath it: a class of tests, to be inherited.

Who inherits gives `connect`: each call opens the same store once more, as another process would.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mxward.domains import Domains
from mxward.model import EVERY, Kind, Known, Question, Remembered, Stage, Stored, Trust
from mxward.networks import network
from mxward.store.database import Store
from mxward.store.decided import Brought, Came, Found, Seen
from mxward.store.hearing import Hearing
from tests.store.samples import ANSWERS, HISTORIES, MX, TRUSTED

__all__ = ["Connect", "StoreContract", "seen"]

Connect = Callable[[], Store]
_DAY = 86_400.0

short = settings(
    max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
)
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)
times = st.floats(0, 1e10)
domains = st.sampled_from(["it.co.za", "*.it.co.za", "example.org", "xn--bcher-kva.example"])
trusts = st.builds(
    Trust,
    owner=words,
    note=words,
    network=st.sampled_from([network("192.0.2.0/24"), network("2001:db8::9"), network("0.0.0.0")]),
    recipients=st.sets(domains).map(Domains),
    senders=st.sets(domains).map(Domains),
    expires=st.none() | times,
)


entries = st.sampled_from(["it.co.za", "*.co.za", EVERY])
steps = (  # set some, or roll some back (none: what was changed together last)
    st.dictionaries(entries, st.sampled_from([*Stage, None]), min_size=1)
    | st.lists(entries, max_size=2, unique=True)
)


def seen(at: float = 0.0, client: str = "192.0.2.8", **changes: str) -> Seen:
    """A decision by the back door."""
    told = {
        "client": client,
        "interface": "203.0.113.25",
        "domain": "it.co.za",
        "sender_domain": "partner.example",
        "action": "pass",
        "would": "refuse",
        "stage": "observe",
        "door": "back",
        "reason": "back-door",
    }
    return Seen(at, **told | changes)


class _Model:
    """What the stages have to come to: for each entry, what may still be undone."""

    def __init__(self) -> None:
        self.stages: dict[str, Stage] = {}
        self.done: dict[str, list[tuple[int, Stage | None]]] = {}
        self.changes = 0

    def set(self, wanted: dict[str, Stage | None]) -> None:
        self.changes += 1
        for what, stage in wanted.items():
            before = self.stages.get(what)
            if before is not stage:
                self.done.setdefault(what, []).append((self.changes, before))
                self._put(what, stage)

    def roll_back(self, entries: list[str]) -> None:
        self.changes += 1
        last = max((done[-1][0] for done in self.done.values() if done), default=0)
        for what, done in self.done.items():
            if done and (what in entries if entries else done[-1][0] == last):
                self._put(what, done.pop()[1])

    def _put(self, what: str, stage: Stage | None) -> None:
        if stage is None:
            self.stages.pop(what, None)
        else:
            self.stages[what] = stage


class StoreContract:
    """All that mxward asks of a store."""

    @pytest.fixture
    def connect(self) -> Iterator[Connect]:
        raise NotImplementedError

    @pytest.fixture
    def store(self, connect: Connect) -> Store:
        return connect()

    # -- what is remembered -------------------------------------------------------------------

    def test_answers_come_back_as_they_were(self, connect: Connect) -> None:
        connect().save(ANSWERS, HISTORIES)
        again = connect()
        assert again.load() == ANSWERS
        assert dict(again.answers()) == ANSWERS
        assert again.egress() == HISTORIES
        assert {question: again.answer(question) for question in ANSWERS} == ANSWERS
        assert again.answer(Question(Kind.MX, "nobody.example")) is None

    def test_the_newest_answer_stays(self, store: Store) -> None:
        newer = replace(ANSWERS[MX], values=("10 new.example",), observed_at=2_000.0)
        for answer in (ANSWERS[MX], newer, ANSWERS[MX]):  # the last is of another process, late
            store.save({MX: answer})
        assert store.load() == {MX: newer}

    def test_what_was_answered_before_is_known(self, store: Store) -> None:
        first = Remembered(Known.FOUND, ("10 a.example",), "", 100.0, 400.0)
        same = replace(first, observed_at=200.0, expires_at=500.0)
        other = replace(first, values=("10 b.example",), observed_at=300.0, expires_at=600.0)
        for answer in (first, same, other):
            store.save({MX: answer})
        spans = store.past(MX)
        assert [(s.since, s.until, s.remembered.values) for s in spans] == [
            (100.0, 300.0, ("10 a.example",)),
            (300.0, math.inf, ("10 b.example",)),
        ]
        assert store.pasts(Kind.MX, [MX.name, "nobody.example"]) == {MX.name: spans}
        assert store.pasts(Kind.MX, [MX.name], after=300.0) == {MX.name: spans[1:]}

    def test_what_is_old_is_forgotten(self, store: Store) -> None:
        store.save(ANSWERS)
        assert store.prune(before=1_002.0) == 2
        assert sorted(known.observed_at for known in store.load().values()) == [1_002.0, 1_003.0]

    # -- the small things ---------------------------------------------------------------------

    def test_the_key_is_made_once(self, connect: Connect) -> None:
        keys = {connect().mark_key() for _ in range(3)}
        assert [len(key) for key in keys] == [32]

    def test_the_size_of_the_inventory(self, connect: Connect) -> None:
        assert connect().inventory_size() == 0
        for size in (5_000, 4_999):
            connect().keep_inventory_size(size)
            assert connect().inventory_size() == size

    def test_the_word_for_a_scanner(self, connect: Connect) -> None:
        store = connect()
        store.accept("mimecast", 5.0)
        store.accept("hornet", 6.0)
        store.accept("mimecast", 7.5)
        assert connect().accepted() == {"mimecast": 7.5, "hornet": 6.0}

    # -- trusted clients ----------------------------------------------------------------------

    def test_trusted_clients_come_back_in_their_order(self, connect: Connect) -> None:
        store = connect()
        numbers = [store.trusted.add(trust, 5.0, "anna") for trust in TRUSTED]
        entries = connect().trusted.entries()
        assert [entry.trust.id for entry in entries] == numbers
        assert [replace(e.trust, id=None, place="") for e in entries] == list(TRUSTED)
        assert {(entry.added_at, entry.added_by) for entry in entries} == {(5.0, "anna")}

    @given(trusts)
    @short
    def test_any_trusted_client_comes_back_as_it_was(self, store: Store, trust: Trust) -> None:
        number = store.trusted.add(trust, 1.0, "anna")
        found = {entry.trust.id: entry.trust for entry in store.trusted.entries()}[number]
        assert replace(found, id=None, place="") == trust

    def test_an_id_is_never_given_again(self, store: Store) -> None:
        first = store.trusted.add(TRUSTED[0], 1.0, "anna")
        assert store.trusted.remove(first)
        assert not store.trusted.remove(first)
        assert store.trusted.entries() == ()
        assert store.trusted.add(TRUSTED[0], 1.0, "anna") > first

    def test_a_trusted_client_ends_then_or_never(self, store: Store) -> None:
        number = store.trusted.add(TRUSTED[0], 1.0, "anna")
        for ends in (7.5, None):
            assert store.trusted.expire(number, ends)
            assert [entry.trust.expires for entry in store.trusted.entries()] == [ends]
        assert not store.trusted.expire(number + 1, 7.5)

    # -- stages -------------------------------------------------------------------------------

    def test_stages_are_set_as_one_change(self, connect: Connect) -> None:
        store = connect()
        made = store.staged.set(
            {"it.co.za": Stage.REFUSE, EVERY: Stage.DEFER, "x.example": None},
            *(5.0, "anna", "why"),
            forced=["it.co.za"],
            notes={EVERY: "another why"},
        )
        found = connect().staged.stages()
        assert {what: (s.stage, s.at, s.by, s.note) for what, s in found.items()} == {
            "it.co.za": (Stage.REFUSE, 5.0, "anna", "why"),
            EVERY: (Stage.DEFER, 5.0, "anna", "another why"),
        }
        assert [(c.what, c.before, c.after, c.forced) for c in made] == [
            ("it.co.za", None, Stage.REFUSE, True),
            (EVERY, None, Stage.DEFER, False),
        ]

    def test_what_is_set_already_is_no_change(self, store: Store) -> None:
        store.staged.set({"it.co.za": Stage.REFUSE}, 5.0, "anna")
        assert store.staged.set({"it.co.za": Stage.REFUSE}, 6.0, "ben") == ()
        assert [change.by for change in store.staged.history()] == ["anna"]

    def test_the_history_is_of_one_or_of_all_the_newest_first(self, store: Store) -> None:
        for at, stage in enumerate((Stage.DEFER, Stage.REFUSE, Stage.OBSERVE)):
            store.staged.set({"it.co.za": stage, f"{at}.example": stage}, float(at), "anna")
        told = store.staged.history("it.co.za")
        assert [(change.at, change.before, change.after) for change in told] == [
            (2.0, Stage.REFUSE, Stage.OBSERVE),
            (1.0, Stage.DEFER, Stage.REFUSE),
            (0.0, None, Stage.DEFER),
        ]
        assert len(store.staged.history()) == 6
        assert [change.what for change in store.staged.history(most=1)] == ["2.example"]

    def test_a_roll_back_is_a_change_too(self, store: Store) -> None:
        store.staged.set({"it.co.za": Stage.DEFER}, 1.0, "anna", "carefully")
        (wrong,) = store.staged.set({"it.co.za": Stage.REFUSE}, 2.0, "anna", "boldly")
        assert store.staged.undoable([]) == (wrong,)
        (undone,) = store.staged.roll_back([wrong], 3.0, "ben")
        assert (undone.before, undone.after, undone.undoes) == (Stage.REFUSE, Stage.DEFER, wrong.id)
        found = store.staged.stages()["it.co.za"]
        assert (found.stage, found.by, found.note) == (Stage.DEFER, "ben", "carefully")

    @given(st.lists(steps, max_size=12))
    @short
    def test_roll_backs_undo_the_last_changes_whatever_they_were(
        self, store: Store, told: list[dict[str, Stage | None] | list[str]]
    ) -> None:
        store.staged.set(dict.fromkeys(store.staged.stages()), 0.0, "the tests")
        while undone := store.staged.undoable([]):
            store.staged.roll_back(undone, 0.0, "the tests")
        store.staged.set(dict.fromkeys(store.staged.stages()), 0.0, "the tests")
        model = _Model()
        for step in told:
            if isinstance(step, dict):
                store.staged.set(step, 1.0, "anna")
                model.set(step)
            else:
                store.staged.roll_back(store.staged.undoable(step), 1.0, "anna")
                model.roll_back(step)
            assert {w: s.stage for w, s in store.staged.stages().items()} == model.stages
        while undone := store.staged.undoable([]):
            store.staged.roll_back(undone, 2.0, "anna")
        assert store.staged.stages() == {}

    def test_what_somebody_else_has_changed_meanwhile_is_not_undone(self, connect: Connect) -> None:
        store, other = connect(), connect()
        store.staged.set({"it.co.za": Stage.DEFER}, 1.0, "anna")
        seen_by_anna = store.staged.undoable(["it.co.za"])
        other.staged.set({"it.co.za": Stage.REFUSE}, 2.0, "ben")
        assert store.staged.roll_back(seen_by_anna, 3.0, "anna") == ()
        assert store.staged.stages()["it.co.za"].stage is Stage.REFUSE

    # -- the word is heard --------------------------------------------------------------------

    def test_the_word_is_both(self, store: Store) -> None:
        assert store.word() == Stored()
        store.trusted.add(TRUSTED[0], 1.0, "anna")
        store.staged.set({"it.co.za": Stage.DEFER}, 1.0, "anna")
        word = store.word()
        assert [trust.note for trust in word.trust] == [TRUSTED[0].note]
        assert list(word.stages) == ["it.co.za"]

    def test_whatever_the_operator_says_is_heard_once(self, connect: Connect) -> None:
        store, hearing = connect(), Hearing(connect())
        assert hearing.word == Stored()
        number = 0

        def add() -> None:
            nonlocal number
            number = store.trusted.add(TRUSTED[0], 1.0, "anna")

        for say in (
            add,
            lambda: store.trusted.expire(number, 5.0),
            lambda: store.trusted.remove(number),
            lambda: store.staged.set({EVERY: Stage.DEFER}, 1.0, "anna"),
            lambda: store.staged.roll_back(store.staged.undoable([]), 1.0, "anna"),
            lambda: store.accept("mimecast", 1.0),
        ):
            before = hearing.word
            assert not hearing.listen()
            assert hearing.word is before
            say()
            assert hearing.listen()
            assert hearing.word == store.word()

    def test_what_workers_write_is_no_word(self, connect: Connect) -> None:
        store, hearing = connect(), Hearing(connect())
        store.save(ANSWERS, HISTORIES)
        store.keep_inventory_size(5)
        store.decided.write([seen()], [Found("own", "it.co.za", "x", 1.0, 1.0)])
        store.mark_key()
        assert store.changed() is False  # it has written by itself
        assert not hearing.listen()

    # -- decisions and findings ---------------------------------------------------------------

    def test_decisions_are_kept_the_newest_first(self, connect: Connect) -> None:
        told = [seen(float(at), domain=f"d{at % 2}.example") for at in range(10)]
        connect().decided.write(told)
        store = connect()
        assert store.decided.oldest() == 0.0
        assert store.decided.newest() == tuple(reversed(told))
        assert store.decided.newest(2, "d1.example") == (told[9], told[7])

    def test_of_too_many_the_oldest_go(self, store: Store) -> None:
        for at in range(50):
            store.decided.write([seen(at * 3.0 + n) for n in range(3)], most=20)
        assert [each.at for each in store.decided.newest()] == [149.0 - n for n in range(20)]

    def test_what_is_old_goes(self, store: Store) -> None:
        now = 100 * _DAY
        told = [seen(now - days * _DAY) for days in (40, 31, 29, 1)]
        findings = [Found("own", f"d{days}", "x", 0.0, now - days * _DAY) for days in (40, 1)]
        store.decided.write(told, findings)
        assert store.decided.prune(now, days=30) == 3
        assert store.decided.newest() == (told[3], told[2])
        assert [found.subject for found in store.decided.findings()] == ["d1"]

    def test_a_finding_is_kept_once_and_counted(self, store: Store) -> None:
        for at, text in ((5.0, "old"), (3.0, "late"), (9.0, "new")):
            store.decided.write([], [Found("own", "it.co.za", text, at, at)])
        store.decided.write([], [Found("own", "a.example", "x", 1.0, 1.0)] * 2)
        assert store.decided.findings() == (
            Found("own", "a.example", "x", 1.0, 1.0, 2),
            Found("own", "it.co.za", "new", 3.0, 9.0, 3),
        )

    def test_who_came_by_the_back_door_on_several_days(self, store: Store) -> None:
        told = [
            *(seen(day * _DAY + 1, sender_domain=f"s{day % 2}.example") for day in range(5)),
            *(seen(3 * _DAY, "192.0.2.9", reason="trusted") for _ in range(2)),
            *(seen(3 * _DAY, "192.0.2.10", domain=f"d{n}.example") for n in range(9)),
            *(seen(day * _DAY, "192.0.2.11", door="front") for day in range(5)),
            *(seen(day * _DAY, "192.0.2.12", domain="") for day in range(5)),
        ]
        store.decided.write(told)
        assert store.decided.came(_DAY) == (
            Came("192.0.2.8", 4, 4, _DAY + 1, 4 * _DAY + 1, 2, 1, 0),
            Came("192.0.2.9", 2, 1, 3 * _DAY, 3 * _DAY, 1, 1, 2),
        )
        assert store.decided.brought(["192.0.2.8"], _DAY) == (
            Brought("192.0.2.8", "203.0.113.25", "it.co.za", "s0.example", 2, 4 * _DAY + 1),
            Brought("192.0.2.8", "203.0.113.25", "it.co.za", "s1.example", 2, 3 * _DAY + 1),
        )
