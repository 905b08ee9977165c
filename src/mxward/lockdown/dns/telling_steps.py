"""The steps of the plan, for people: what for, the commands, how long to wait, the way back."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from mxward.lockdown.dns.about import About, count, more, waiting
from mxward.lockdown.dns.steps import Way
from mxward.lockdown.dns.tally import MOST, StepTally, Tally

__all__ = ["steps"]


def steps(tally: Tally, about: About) -> Iterator[tuple[str, Iterable[str]]]:
    """Each with its title."""
    for step, told in tally.ordered():
        if step == "spf-add":
            yield from _person_new(about)
        if step == "spf-remove":
            yield from _person_scanners(tally, about)
        if step == "settle" and "spf-remove" not in tally.steps and tally.way is Way.MOVE:
            if "spf-add" not in tally.steps:
                yield from _person_new(about)
            yield from _person_scanners(tally, about)
        yield _TITLES[step], _step(step, told, tally, about)
    if tally.steps and tally.way is not Way.MOVE:
        yield (
            "See that it is so",
            [
                "`mxward audit --probe` finds no name of these any more, and tells which ways are "
                "left. Watch your log for a week: `mxward report` tells who still comes by the "
                "back door, and by what."
            ],
        )


_TITLES = {
    "ttl": "Records last shorter",
    "spf": "SPF records name addresses instead of the names that go",
    "names": "The names",
    "new": "The new name",
    "spf-add": "SPF records name the new address too",
    "spf-remove": "SPF records name the old address no more",
    "settle": "Records last as long as before",
}
_WHY = {
    "ttl": "So that each step after this, and its way back, is known everywhere soon.",
    "spf": "Else what the server sends would fail SPF as soon as the names are gone.",
    "names": "The mail server is found by these names no more.",
    "new": "Nobody knows it yet. Its TLSA records are those of the server's certificate, which it "
    "keeps, where all names had the same.",
    "spf-add": "Before the server sends from its new address; left out with `--keep-spf`, where it "
    "goes on sending from the old one.",
    "spf-remove": "Not before the server has sent its last mail from the old address.",
    "settle": "When everything has been well for a week.",
}


def _step(step: str, told: StepTally, tally: Tally, about: About) -> Iterator[str]:
    yield _WHY[step]
    yield ""
    done = told.zones - told.pending
    also = f"; done before: {done:,}" if done else ""
    yield f"{count(told.records, 'record set')} in {count(told.pending, 'zone')}{also}."
    yield ""
    yield from _shell(*(_loop(folder, "nsupdate") for folder in told.folders))
    wait = about.wait(told.wait)
    if wait and step != "settle":
        yield f"Then wait {waiting(wait)}: so long the old records may be remembered."
        yield ""
    yield "Back, at any time:"
    yield ""
    yield from _shell(*(_loop(folder, "back") for folder in told.folders))


def _loop(folder: str, suffix: str) -> str:
    return (
        f'for f in {folder}/*.{suffix}; do nsupdate -k "$KEYFILE" "$f" || echo "$f" >> failed; done'
    )


def _shell(*lines: str) -> Iterator[str]:
    yield from ("```sh", *lines, "```", "")


def _person_new(about: About) -> Iterator[tuple[str, Iterable[str]]]:
    to = " and ".join(map(str, about.move.to)) if about.move else ""
    yield (
        "The server listens at its new address",
        [
            f"Give the machine {to}, let the mail server listen there on port 25, and let nobody "
            "in but the scanners: `mxward lockdown nftables`. Let it greet by another name than "
            "the new one. The old address goes on as it is. Back: take the address away.",
        ],
    )


def _person_scanners(tally: Tally, about: About) -> Iterator[tuple[str, Iterable[str]]]:
    name = about.move.name if about.move else ""
    lines = [
        f"At each scanner the delivery target becomes `{name}`; for one domain first, then all:",
        "",
    ]
    lines += [f"- {s}: {count(n, 'domain')}" for s, n in sorted(tally.scanners.items())]
    lines += [
        "",
        "Wait until the log shows that no scanner comes to the old address any more (a day is "
        "seldom too short: what waits in a scanner's queue goes to the new target too). Back: the "
        "old target; the old address still takes mail.",
    ]
    yield "The scanners deliver to the new name", lines
    shut = (
        "Close port 25 of the old address to everybody (a firewall that answers with a reset). "
        "Mailboxes, submission and web sites stay there. Back: open it. Wait a week: whoever "
        "delivers past the MX shows in the firewall's counters."
    )
    if tally.own:
        shut = (
            f"**The mail server itself is the MX of {count(len(tally.own), 'domain')}**, which "
            "would lose their mail: so port 25 of the old address stays open for them, and only "
            "rules by domain close it for the others (`mxward lockdown exim` or `postfix`). To "
            "close it for good, put a scanner in front of these too: "
            f"{', '.join(tally.own[:MOST])}{more(tally.own)}"
        )
    yield "The old address takes no mail", [shut]
