"""What a supervisor and a worker say to each other."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mxward.supervisor.line import News, Order, pair


def test_words_stay_in_pieces_and_in_their_order() -> None:
    ours, theirs = pair()
    ours.tell(Order.RELOAD)
    ours.tell(Order.STOP)
    theirs.tell(News.WRONG, "mxward.toml:3: server.listen\nand more")
    assert theirs.hear() == [("reload", ""), ("stop", "")]
    assert ours.hear() == [("wrong", "mxward.toml:3: server.listen\nand more")]
    assert (theirs.hear(), theirs.gone) == ([], False)
    for end in (ours, theirs):
        end.close()


def test_who_is_gone_is_noticed_and_last_words_are_heard() -> None:
    ours, theirs = pair()
    theirs.tell(News.READY)
    theirs.close()
    assert (ours.hear(), ours.gone) == ([("ready", "")], True)
    ours.tell(Order.STOP)  # to nobody, and that is no trouble
    ours.close()


def test_who_never_listens_holds_up_nobody() -> None:
    ours, theirs = pair()
    for _ in range(100_000):
        ours.tell(Order.RELOAD)
    assert 0 < len(theirs.hear()) < 100_000
    for end in (ours, theirs):
        end.close()


@given(st.text(max_size=200_000))
def test_any_text_comes_through_as_far_as_it_fits(text: str) -> None:
    ours, theirs = pair()
    theirs.tell(News.WRONG, text)
    ((kind, heard),) = ours.hear()
    assert kind == "wrong"
    whole = text.encode(errors="replace").decode()
    assert heard == whole or whole.startswith(heard.rstrip("�"))
    for end in (ours, theirs):
        end.close()
