"""Which rows stand in a table after logs were read: again, grown, renamed, broken, by two hosts."""

from __future__ import annotations

import gzip
import os
from datetime import UTC
from pathlib import Path

import pytest

from mxward.reports.ingest import Outcome, ingest
from mxward.reports.parquet import NoTable, TableError, claimed, is_table, place_of, tallies_of
from tests.reports.ingest.tables import ARRIVAL, counted, files, rows

WITHOUT = ARRIVAL.partition(b" from ")[0].replace(b"[15397] ", b"") + b"\n"
DELIVERY = b"2010-11-17 09:28:02 1PIcQq-00040L-2X => shaun <shaun@it.co.za> R=virtual T=dovecot\n"
COMPLETED = b"2010-11-17 09:28:02 1PIcQq-00040L-2X Completed\n"
LATER = ARRIVAL.replace(b"2010-11-17", b"2010-11-18")
POSTFIX = b"""\
Nov 17 09:28:01 mx1 postfix/smtpd[7]: connect from unknown[4.3.90.120]
Nov 17 09:28:01 mx1 postfix/smtpd[7]: 3F2A91C04D: client=unknown[4.3.90.120]
Nov 17 09:28:01 mx1 postfix/cleanup[8]: 3F2A91C04D: message-id=<1@hallmark.com>
Nov 17 09:28:01 mx1 postfix/qmgr[9]: 3F2A91C04D: from=<e-cards@hallmark.com>, size=686941, nrcpt=2 \
(queue active)
Nov 17 09:28:02 mx1 postfix/virtual[10]: 3F2A91C04D: to=<shaun@it.co.za>, relay=virtual, delay=1, \
delays=1/0/0/0, dsn=2.0.0, status=sent (delivered to maildir)
Nov 17 09:28:03 mx1 postfix/virtual[10]: 3F2A91C04D: to=<anna@it.co.za>, relay=virtual, delay=2, \
delays=1/0/0/1, dsn=2.0.0, status=sent (delivered to maildir)
Nov 17 09:28:03 mx1 postfix/qmgr[9]: 3F2A91C04D: removed
"""


def read(table: Path, *logs: Path, host: str | None = None, jobs: int = 1) -> Outcome:
    return ingest([str(log) for log in logs], table, zone=UTC, host=host, jobs=jobs, worth=1)


def log(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def lines(table: Path) -> list[int]:
    return [row["line"] for row in rows(table)]


def recipients(table: Path) -> list[str | None]:
    return [row["recipient"] for row in rows(table)]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table"


# -- which log is which ---------------------------------------------------------------------------


def test_a_log_that_is_read_again_replaces_its_rows(table: Path, tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL * 3)
    read(table, mainlog)
    first = files(table)
    read(table, mainlog)
    assert lines(table) == [1, 2, 3]
    assert files(table) == first


def test_a_log_that_has_grown_replaces_its_rows(table: Path, tmp_path: Path) -> None:
    for size in (1, 2, 100, 200):
        read(table, log(tmp_path / "mainlog", ARRIVAL * size))
        assert lines(table) == list(range(1, size + 1))


def test_a_log_that_was_renamed_and_packed_is_the_same(table: Path, tmp_path: Path) -> None:
    read(table, log(tmp_path / "mainlog", ARRIVAL * 300))
    read(table, log(tmp_path / "mainlog.1.gz", gzip.compress(ARRIVAL * 301)))
    assert lines(table) == list(range(1, 302))
    assert {row["log"] for row in rows(table)} == {str(tmp_path / "mainlog.1.gz")}


def test_a_log_of_the_same_name_is_another(table: Path, tmp_path: Path) -> None:
    """Rotated every day, read every day."""
    read(table, log(tmp_path / "mainlog", ARRIVAL))
    read(table, log(tmp_path / "mainlog", LATER * 2))
    assert [row["day"] for row in rows(table)] == ["2010-11-17", "2010-11-18", "2010-11-18"]


def test_the_same_log_by_two_names_is_read_once(table: Path, tmp_path: Path) -> None:
    logs = [log(tmp_path / name, ARRIVAL * 200) for name in ("mainlog.1", "copy")]
    for jobs in (1, 2):
        outcome = read(table, *logs, jobs=jobs)
        assert len(lines(table)) == 200
        assert (len(outcome.remarks), outcome.problems) == (1, [])
        assert "begins as" in outcome.remarks[0] and "does, and was left out" in outcome.remarks[0]


def test_logs_of_which_one_begins_as_the_other_are_both_read(table: Path, tmp_path: Path) -> None:
    short = log(tmp_path / "a", ARRIVAL)
    long = log(tmp_path / "b", ARRIVAL + LATER)
    assert read(table, short, long).remarks == []
    assert len(rows(table)) == 3


def test_two_hosts_have_their_own_logs(table: Path, tmp_path: Path) -> None:
    """However alike they are: containers begin with the same process numbers."""
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    for host in ("mx1", "mx2", "mx1"):
        read(table, mainlog, host=host)
    assert sorted((row["host"], row["message"]) for row in rows(table)) == [
        ("mx1", "mx1/1PIcQq-00040L-2X"),
        ("mx2", "mx2/1PIcQq-00040L-2X"),
    ]
    assert set(tallies_of(table)) == {f"mx1:{mainlog}", f"mx2:{mainlog}"}


def test_parts_that_are_no_more_are_removed(table: Path, tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL * 100 + LATER * 100)
    read(table, mainlog, jobs=3)
    assert len(files(table)) == 4
    read(table, mainlog)
    assert len(files(table)) == 2
    assert lines(table) == list(range(1, 201))


# -- what is broken -------------------------------------------------------------------------------


def test_what_could_be_read_is_in_the_table(table: Path, tmp_path: Path) -> None:
    whole = gzip.compress(ARRIVAL * 20_000)
    outcome = read(table, log(tmp_path / "log.gz", whole[: len(whole) // 2]))
    assert outcome.problems == [f"{tmp_path}/log.gz: ends in the middle of its gzip stream"]
    assert 1_000 < len(rows(table)) < 20_000
    [tally] = outcome.tallies.values()
    assert tally.strange == {"has no end: it may have been cut off": 1}


def test_less_of_a_log_does_not_replace_more_of_it(table: Path, tmp_path: Path) -> None:
    read(table, log(tmp_path / "mainlog", ARRIVAL * 300))
    cut = gzip.compress(ARRIVAL * 300)[:-20]
    outcome = read(table, log(tmp_path / "mainlog.1.gz", cut))
    assert len(rows(table)) == 300
    assert outcome.rows.total() == 0
    assert outcome.remarks == [
        f"{tmp_path}/mainlog.1.gz: more of it was read before, which was kept"
    ]
    assert tallies_of(table).keys() == {str(tmp_path / "mainlog")}


def test_a_line_that_may_be_cut_off_is_left_out(table: Path, tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL + LATER[:-4])
    outcome = read(table, mainlog)
    assert lines(table) == [1]
    assert outcome.problems == [f"{mainlog}: ends in the middle of line 2, which was left out"]
    tally = outcome.tallies[str(mainlog)]
    assert tally.lines == 2
    [samples] = tally.samples.values()
    assert samples == [(2, LATER[:-4].decode())]


def test_a_line_by_itself_needs_no_end(table: Path, tmp_path: Path) -> None:
    outcome = read(table, log(tmp_path / "pasted", ARRIVAL.rstrip()))
    assert (recipients(table), outcome.problems) == (["shaun@it.co.za"], [])


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"<html>\n<body>\n", "is no log of Exim's or Postfix's"),
        (b"\x7fELF\x02\x01\x01\0\0\0\n\0\0", "is no log but something binary"),
        (b"\0" * 3_000_000, "is no log but something binary"),
        (b"x" * 3_000_000, "is no log of Exim's or Postfix's"),
        (b"\x1f\x8b but no gzip\n", "its gzip stream is broken (Unknown compression method)"),
        (b"\x1f\x8b\x08\0", "ends in the middle of its gzip stream"),
        (b"PK\x03\x04 an archive\n", "is no log of Exim's or Postfix's"),
    ],
)
def test_what_is_no_log_is_told(data: bytes, why: str, table: Path, tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    outcome = read(table, log(tmp_path / "what", data), mainlog)
    assert outcome.problems == [f"{tmp_path}/what: {why}"]
    assert set(outcome.tallies) == {str(mainlog)}
    assert lines(table) == [1]


def test_an_empty_log_is_fine(table: Path, tmp_path: Path) -> None:
    """As it is after rotation."""
    logs = [log(tmp_path / "mainlog", b""), log(tmp_path / "mainlog.2.gz", gzip.compress(b""))]
    outcome = read(table, *logs)
    assert (outcome.problems, outcome.remarks) == ([], [f"{each}: is empty" for each in logs])
    assert [tally.lines for tally in outcome.tallies.values()] == [0, 0]
    assert is_table(table) and tallies_of(table) == {}


def test_strange_lines_are_counted_among_others(table: Path, tmp_path: Path) -> None:
    long = b"2010-11-17 09:28:01 " + b"x" * (1 << 20) + b"\n"
    data = ARRIVAL + b"\0\0\0\n" + long + b"what <= is this\n" + ARRIVAL.replace(b"-11-", b"-31-")
    outcome = read(table, log(tmp_path / "mainlog", data + POSTFIX + ARRIVAL))
    assert recipients(table) == ["shaun@it.co.za", "anna@it.co.za", *["shaun@it.co.za"] * 2]
    [tally] = outcome.tallies.values()
    assert (outcome.problems, tally.lines, tally.strange.total()) == ([], 13, 4)
    assert {sample[0] for samples in tally.samples.values() for sample in samples} == {2, 3, 4, 5}
    assert counted(tallies_of(table)[str(tmp_path / "mainlog")]) == counted(tally)


def test_what_cannot_be_opened_does_not_keep_others_from_being_read(
    table: Path, tmp_path: Path
) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    outcome = read(table, tmp_path / "gone", tmp_path, mainlog)
    assert outcome.problems == [
        f"{tmp_path}/gone: no such file",
        f"{tmp_path}: is a directory; name the logs in it",
    ]
    assert lines(table) == [1]


def test_a_file_whose_name_is_no_text(table: Path, tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/main\xfflog")
    read(table, log(Path(path), ARRIVAL))
    assert [row["log"] for row in rows(table)] == [f"{tmp_path}/main\\xfflog"]
    assert len(tallies_of(table)) == 1


# -- messages that are told in two logs -----------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_message_is_followed_into_the_next_log(jobs: int, table: Path, tmp_path: Path) -> None:
    old = log(tmp_path / "mainlog.1", WITHOUT)
    new = log(tmp_path / "mainlog", DELIVERY + COMPLETED + LATER)
    outcome = read(table, old, new, jobs=jobs)
    assert [(row["log"], row["recipient"], row["line"]) for row in rows(table)] == [
        (str(new), "shaun@it.co.za", 3),
        (str(old), "shaun@it.co.za", 1),
    ]
    assert {log: tally.lines for log, tally in outcome.tallies.items()} == {
        str(old): 1,
        str(new): 3,
    }


@pytest.mark.parametrize("cut", range(1, 7))
def test_postfixs_messages_are_followed_too(cut: int, table: Path, tmp_path: Path) -> None:
    whole = POSTFIX.splitlines(keepends=True)
    old = log(tmp_path / "mail.log.1.gz", gzip.compress(b"".join(whole[:cut])))
    new = log(tmp_path / "mail.log", b"".join(whole[cut:]))
    read(table, old, new)
    assert sorted(map(str, recipients(table))) == ["anna@it.co.za", "shaun@it.co.za"]


def test_a_log_by_itself_tells_what_it_knows(table: Path, tmp_path: Path) -> None:
    read(table, log(tmp_path / "mainlog.1", WITHOUT))
    assert recipients(table) == [None]


def test_a_rejectlog_is_a_copy(table: Path, tmp_path: Path) -> None:
    rejected = (
        b"2010-11-17 09:28:01 H=(x) [4.3.90.120]:61593 I=[19.3.40.91]:25 F=<a@b.example> "
        b"rejected RCPT <shaun@it.co.za>: no\n"
    )
    read(table, log(tmp_path / "rejectlog", rejected))
    assert [(row["copy"], row["outcome"]) for row in rows(table)] == [(True, "rejected")]


# -- the directory --------------------------------------------------------------------------------


def test_what_a_killed_ingest_has_left_is_no_part_of_the_table(table: Path, tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    read(table, mainlog)
    [name] = [path.stem for path in (table / "_logs").iterdir()]
    left = table / f".{name}" / "day=2010-11-17"
    left.mkdir(parents=True)
    log(left / f"{name}-7.parquet", b"PAR1 half of")
    assert lines(table) == [1]
    read(table, mainlog)
    assert lines(table) == [1]
    assert not left.parent.exists()


def test_two_cannot_read_the_same_log_at_once(table: Path, tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    read(table, mainlog)
    with claimed(place_of(table, ARRIVAL, None)):
        outcome = read(table, mainlog)
    assert outcome.problems == [f"{table}: another process reads the same log"]
    assert read(table, mainlog).problems == []


def test_a_directory_that_is_no_table_is_left_alone(tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    with pytest.raises(NoTable, match=r"has other files in it; name a new or an empty directory$"):
        read(tmp_path, mainlog)
    with pytest.raises(NoTable, match=r"mainlog: is no directory$"):
        read(mainlog, mainlog)
    with pytest.raises(TableError, match=r"cannot be written: Not a directory$"):
        read(mainlog / "below", mainlog)
    assert list(tmp_path.iterdir()) == [mainlog]


def test_an_empty_directory_becomes_a_table(tmp_path: Path) -> None:
    mainlog = log(tmp_path / "mainlog", ARRIVAL)
    for table in (tmp_path / "a" / "new" / "one", tmp_path / "empty"):
        (tmp_path / "empty").mkdir(exist_ok=True)
        assert not is_table(table)
        read(table, mainlog)
        assert is_table(table)


def test_other_files_among_the_accounts_are_no_matter(table: Path, tmp_path: Path) -> None:
    read(table, log(tmp_path / "mainlog", ARRIVAL))
    for number, data in enumerate([b"", b"[]", b"{}", b'{"log": 1, "host": null}', b"\xff"]):
        log(table / "_logs" / f"{number}.json", data)
    assert [tally.lines for tally in tallies_of(table).values()] == [1]
    assert lines(table) == [1]


def test_logs_are_told_in_their_order(table: Path, tmp_path: Path) -> None:
    sizes = {"b": 10, "a": 200, "c": 90}
    logs = [
        log(tmp_path / name, ARRIVAL.replace(b"1PI", name.encode() * 3) * size)
        for name, size in sizes.items()
    ]
    outcome = read(table, *logs, tmp_path / "b", jobs=2)
    assert list(outcome.tallies) == [str(path) for path in logs]
    assert [tally.lines for tally in outcome.tallies.values()] == list(sizes.values())
    assert (outcome.rows, outcome.days) == ({"accepted": 300}, {"2010-11-17"})
