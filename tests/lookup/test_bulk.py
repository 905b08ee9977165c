"""Many look-ups: what is asked, in what order, how many at once, and what is told of it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mxward.lookup.bulk import Bulk, NoAnswers, Replies
from mxward.lookup.chase import Reply
from mxward.lookup.stub import Waiter
from mxward.model import Kind, Known, Question

FOUND = Reply(Known.FOUND, ("192.0.2.1",), 60)
NO_NAME = Reply(Known.ABSENT, (), 60, "", no_such_name=True)
NO_RECORD = Reply(Known.ABSENT, (), 60)
FAILED = Reply(Known.FAILED)


@dataclass
class Dns:
    """Who is asked, out of plain data: it tells at the loop's next turn, or whenever `hold` says.

    `names` have records of all types but AAAA; what is below `dead` is lost, and then has failed;
    there are no other names.
    """

    names: frozenset[str] = frozenset()
    dead: tuple[str, ...] = ()
    hold: Callable[[Callable[[], None]], object] | None = None
    timeout: float = 60.0
    asked: list[Question] = field(default_factory=list)
    under_way: int = 0
    most: int = 0

    def look(self, question: Question, waiter: Waiter) -> None:
        self.asked.append(question)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        hold = self.hold or asyncio.get_running_loop().call_soon
        hold(lambda: self._tell(question, waiter))

    def _tell(self, question: Question, waiter: Waiter) -> None:
        self.under_way -= 1
        if question.name.endswith(self.dead or ("?",)):
            waiter.lost()
            waiter.heard(FAILED)
        elif question.name not in self.names:
            waiter.heard(NO_NAME)
        else:
            waiter.heard(NO_RECORD if question.kind is Kind.AAAA else FOUND)


GUESSES = ("mail", "www", "smtp", "webmail", "remote")


def questions(domain: str) -> Iterator[Question]:
    yield Question(Kind.MX, domain)
    for name in (domain, *(f"{guess}.{domain}" for guess in GUESSES)):
        yield Question(Kind.A, name)
        yield Question(Kind.AAAA, name)


def sweep(dns: Dns, domains: Collection[str], most: int = 500) -> dict[str, Replies]:
    """What is heard of these domains."""
    heard: dict[str, Replies] = {}
    asyncio.run(Bulk(dns, most=most).each(domains, questions, heard.__setitem__))
    return heard


DOMAINS = [f"d{number}.example" for number in range(50)]
NAMES = frozenset(
    [*DOMAINS, *(f"{guess}.d{n}.example" for guess in GUESSES[:2] for n in range(50))]
)


def test_all_is_answered_for_each_domain() -> None:
    heard = sweep(Dns(NAMES), DOMAINS)
    assert sorted(heard) == sorted(DOMAINS)
    for domain, replies in heard.items():
        assert set(replies) == set(questions(domain))
        assert all((q.name in NAMES) == (not r.no_such_name) for q, r in replies.items())
        assert replies[Question(Kind.A, f"www.{domain}")] == FOUND
        assert replies[Question(Kind.AAAA, f"smtp.{domain}")].state is Known.ABSENT


def test_where_there_is_no_name_its_other_types_are_not_asked_for() -> None:
    dns = Dns(NAMES)
    sweep(dns, DOMAINS)
    asked = Counter(question.name for question in dns.asked)
    assert asked["d1.example"] == 3
    assert asked["www.d1.example"] == 2
    assert asked["smtp.d1.example"] == asked["remote.d7.example"] == 1
    assert len(dns.asked) == 50 * (3 + 2 * 2 + 3)


@pytest.mark.parametrize("most", [1, 7, 500])
def test_so_many_are_under_way_at_most(most: int) -> None:
    dns = Dns(NAMES)
    assert len(sweep(dns, DOMAINS, most)) == 50
    assert dns.most == min(most, 100)  # the window's first size: it is too soon for more
    assert len(dns.asked) == 50 * (3 + 2 * 2 + 3)


def test_one_at_a_time_for_each_name() -> None:
    names = Counter[str]()

    def hold(tell: Callable[[], None]) -> None:
        asked = dns.asked[-1].name
        names[asked] += 1
        assert names[asked] == 1

        def told() -> None:
            names[asked] -= 1
            tell()

        asyncio.get_running_loop().call_soon(told)

    dns = Dns(NAMES, hold=hold)
    sweep(dns, [*DOMAINS, "www.d1.example"])
    assert len(dns.asked) > 50


def test_what_two_domains_want_at_once_is_asked_once() -> None:
    dns = Dns(frozenset({"mail.d1.example"}))
    heard = sweep(dns, ["d1.example", "mail.d1.example"], 2)
    asked = Counter(dns.asked)
    assert heard["d1.example"][Question(Kind.A, "mail.d1.example")] == FOUND
    assert heard["mail.d1.example"][Question(Kind.A, "mail.d1.example")] == FOUND
    assert asked[Question(Kind.A, "mail.d1.example")] <= 2


def test_a_name_that_there_is_not_is_so_for_whoever_waits() -> None:
    name = "gone.example"
    wanted = {"one": [Question(Kind.A, name)], "two": [Question(Kind.AAAA, name)]}
    dns, heard = Dns(), dict[str, Replies]()
    asyncio.run(Bulk(dns).each(wanted, wanted.__getitem__, heard.__setitem__))
    assert dns.asked == wanted["one"]
    assert heard["two"] == {wanted["two"][0]: NO_NAME}


def test_answers_that_come_at_once_are_no_matter() -> None:
    """Three thousand domains whose names are none: nothing is asked, and no call goes too deep."""
    dns = Dns(hold=lambda tell: tell())
    many = [f"d{number}.example" for number in range(3_000)]
    assert len(sweep(dns, many)) == 3_000


def test_a_dead_domain_is_given_up_and_has_failed_never_absent() -> None:
    dns = Dns(NAMES, dead=("d1.example", "d2.example"))
    heard = sweep(dns, DOMAINS)
    asked = Counter(q.name.partition("d")[2] for q in dns.asked)
    assert asked["1.example"] == 3
    assert set(heard["d1.example"]) == set(questions("d1.example"))
    assert set(heard["d1.example"].values()) == {FAILED}
    assert FAILED not in heard["d3.example"].values()


def test_a_part_that_is_dead_does_not_take_the_rest_of_its_domain_along() -> None:
    heard = sweep(Dns(NAMES, dead=("remote.d1.example", "webmail.d1.example")), DOMAINS)
    failed = [q for q, reply in heard["d1.example"].items() if reply.state is Known.FAILED]
    assert {q.name for q in failed} == {"remote.d1.example", "webmail.d1.example"}
    assert heard["d1.example"][Question(Kind.A, "www.d1.example")] == FOUND


def test_a_dead_domain_is_asked_one_thing_at_a_time() -> None:
    held: list[Callable[[], None]] = []

    async def main() -> list[int]:
        dns = Dns(dead=("example",), hold=held.append)
        run = asyncio.create_task(Bulk(dns).each(["d1.example"], questions, lambda *_: None))
        counts = []
        while not run.done():
            await asyncio.sleep(0)
            counts.append(len(held))
            for tell in held:
                tell()
            held.clear()
        return counts

    assert max(asyncio.run(main())) == 1


def test_progress_counts_domains() -> None:
    told: list[tuple[int, int]] = []
    run = Bulk(Dns(NAMES)).each(DOMAINS, questions, lambda *_: None, lambda *at: told.append(at))
    asyncio.run(run)
    assert told == [(n, 50) for n in range(1, 51)]


def test_what_was_found_is_kept_when_it_is_broken_off() -> None:
    heard: dict[str, Replies] = {}

    async def main() -> None:
        enough = asyncio.Event()

        def progress(done: int, _of: int) -> None:
            if done == 10:
                enough.set()

        bulk = Bulk(Dns(NAMES), most=5)
        run = asyncio.create_task(bulk.each(DOMAINS, questions, heard.__setitem__, progress))
        await enough.wait()
        run.cancel()
        await asyncio.wait({run})
        assert run.cancelled()
        heard_then = len(heard)
        await asyncio.sleep(0.01)
        assert len(heard) == heard_then

    asyncio.run(main())
    whole = [domain for domain, replies in heard.items() if len(replies) == 13]
    assert 10 <= len(whole) < len(heard) <= 15
    for domain, replies in heard.items():
        assert set(replies) <= set(questions(domain))
        assert all(reply.state is not Known.FAILED for reply in replies.values())


def test_nothing_more_is_asked_where_nothing_is_answered() -> None:
    heard: dict[str, Replies] = {}
    dead = Dns(dead=("example",), timeout=0.05)
    many = [f"d{number}.example" for number in range(100_000)]
    with pytest.raises(NoAnswers):
        asyncio.run(Bulk(dead).each(many, questions, heard.__setitem__))
    assert 3 <= len(dead.asked) < 300_000
    assert {reply.state for replies in heard.values() for reply in replies.values()} == {
        Known.FAILED
    }


@pytest.mark.parametrize("after", [0, 5])
def test_what_the_caller_raises_is_raised(after: int) -> None:
    def bad(domain: str) -> Iterator[Question]:
        if domain == DOMAINS[after]:
            raise KeyError(domain)
        return questions(domain)

    with pytest.raises(KeyError):
        asyncio.run(Bulk(Dns(NAMES), most=3).each(DOMAINS, bad, lambda *_: None))

    def heard(domain: str, _replies: Replies) -> None:
        if domain == DOMAINS[after]:
            raise KeyError(domain)

    with pytest.raises(KeyError):
        asyncio.run(Bulk(Dns(NAMES), most=3).each(DOMAINS, questions, heard))


@pytest.mark.parametrize("domains", [[], ["none.example"]])
def test_nothing_to_ask_is_soon_done(domains: list[str]) -> None:
    heard: dict[str, Replies] = {}
    asyncio.run(Bulk(Dns()).each(domains, lambda _: (), heard.__setitem__))
    assert heard == {domain: {} for domain in domains}


kinds = st.sampled_from(Kind)
some = st.sampled_from(["d1.example", "mail.d1.example", "smtp.d1.example", "x.dead", "y.dead"])


@given(st.lists(st.builds(Question, kinds, some), max_size=40), st.integers(1, 5))
def test_whatever_is_asked_is_answered_as_one_by_one(asked: list[Question], most: int) -> None:
    dns = Dns(NAMES, dead=("dead",))
    into: dict[Question, Reply] = {}
    asyncio.run(Bulk(dns, most=most).ask(asked, into))
    assert set(into) == set(asked)
    assert max(Counter(dns.asked).values(), default=1) == 1
    for question, reply in into.items():
        if question.name.endswith("dead"):
            assert reply == FAILED
        elif question.name in NAMES:
            assert reply == (NO_RECORD if question.kind is Kind.AAAA else FOUND)
        else:
            assert reply == NO_NAME
