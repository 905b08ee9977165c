"""The plan, for people: what to see to first, the steps in order, what breaks, what stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from mxward.lockdown.dns.moving import Move, Moved
from mxward.lockdown.dns.steps import Way
from mxward.lockdown.dns.tally import MOST, StepTally, Tally
from mxward.lockdown.dns.uses import What
from mxward.networks import Address

__all__ = ["About", "plan", "waiting"]

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class About:
    """What else the plan tells of. `exact`: how long records last is known, not only what is left
    of it.
    """

    place: str
    servers: Sequence[Address]
    ttl: int
    exact: bool
    point_to: Sequence[Address] = ()
    move: Move | None = None
    moved: Moved | None = None
    certificates: Sequence[str] = ()
    files: int = 0  # zone files that were read


def plan(tally: Tally, about: About) -> str:
    """All of it, as Markdown."""
    lines = [f"# {_title(tally.way, about)}", ""]
    lines += _head(tally, about)
    lines += _section("Before anything", _before(tally, about))
    lines += ["", "## Steps"]
    for number, (title, body) in enumerate(_steps(tally, about), 1):
        lines += ["", f"### {number}. {title}", "", *_trimmed(body)]
    lines += _section("What breaks, or must be seen to", _breaks(tally))
    lines += _section("Names that stay", _stays(tally))
    follows = [f"- {name} follows {target}" for name, target in tally.follows]
    lines += _section("Names that need no change of their own", _some(follows))
    lines += _section("Domains that are left as they are", _left(tally))
    lines += _section("What still gives the mail server away", _truth(tally, about))
    lines += _section("What could not be written", _some([f"- {n}: {w}" for n, w in tally.refused]))
    return "\n".join(lines) + "\n"


def waiting(seconds: int) -> str:
    """A time, for people."""
    for size, name in ((_DAY, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size and seconds % size == 0:
            count = seconds // size
            return f"{count:,} {name}{'' if count == 1 else 's'}"
    return f"{seconds:,} second{'' if seconds == 1 else 's'}"


def _title(way: Way, about: About) -> str:
    match way:
        case Way.DROP:
            return "Guessable names of the mail server: dropped"
        case Way.POINT:
            to = " and ".join(map(str, about.point_to))
            return f"Guessable names of the mail server: pointed to {to}"
        case Way.MOVE:
            return f"The mail server moved to {about.move.name if about.move else ''}"


def _head(tally: Tally, about: About) -> Iterator[str]:
    servers = ", ".join(map(str, about.servers))
    yield (
        f"Written by `mxward lockdown dns`; nothing of it is in force before you apply it. Looked "
        f"at: {_count(tally.domains, 'domain')}. The mail server: {servers}."
    )
    yield ""
    yield (
        "Each script is one message to the name server (RFC 2136): all of it is done, or nothing. "
        "It is done only where every record is still as it was when this was written; else "
        "nsupdate says NXRRSET or YXRRSET, and nothing has changed: run `mxward lockdown dns` "
        "again."
    )
    if not about.exact and tally.steps:
        yield ""
        yield (
            "**How long records last is not known for sure**: a resolver tells only what is left "
            "of it. So wait a day at least where records are taken away, and know that a roll-back "
            "sets the time that was seen. With `--primary` or `--zone-file` both are exact."
        )


def _before(tally: Tally, about: About) -> Iterator[str]:
    if tally.way is not Way.MOVE and tally.steps:
        yield (
            "**Where does each scanner deliver to?** The DNS does not tell. If a scanner delivers "
            "to a name that goes, its mail has nowhere to go. See that each delivers to an "
            "address, or to a name that stays, for these domains (all names: `domains.jsonl`):"
        )
        yield ""
        for scanner, count in sorted(tally.scanners.items()):
            yield f"- {scanner}: {_count(count, 'domain')}"
        yield ""
        yield "Name what must stay with `--keep NAME` (or `--keep 'mail.*'`), and write this again."
        yield ""
    if tally.steps:
        yield (
            "Send one script by hand first: `nsupdate -k KEYFILE SCRIPT`. The key needs the right "
            "to update (BIND: `update-policy`; Knot: `acl`, action update). Then, for each step, "
            f"in `{about.place}`, with the file of the key in `KEYFILE`:"
        )
    if tally.differences:
        yield ""
        yield (
            f"Without dynamic updates: `patch ZONEFILE < STEP/ZONE.diff` does the same "
            f"({_count(tally.differences, 'difference')}); back with `patch -R`, then raise the "
            "serial above what it was."
        )


def _steps(tally: Tally, about: About) -> Iterator[tuple[str, Iterable[str]]]:
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
    yield f"{_count(told.records, 'record set')} in {_count(told.pending, 'zone')}{also}."
    yield ""
    yield from _shell(*(_loop(folder, "nsupdate") for folder in told.folders))
    wait = told.wait if about.exact else max(told.wait, _DAY if told.wait else 0)
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
    lines += [f"- {s}: {_count(n, 'domain')}" for s, n in sorted(tally.scanners.items())]
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
            f"**The mail server itself is the MX of {_count(len(tally.own), 'domain')}**, which "
            "would lose their mail: so port 25 of the old address stays open for them, and only "
            "rules by domain close it for the others (`mxward lockdown exim` or `postfix`). To "
            "close it for good, put a scanner in front of these too: "
            f"{', '.join(tally.own[:MOST])}{_more(tally.own)}"
        )
    yield "The old address takes no mail", [shut]


def _breaks(tally: Tally) -> Iterator[str]:
    for what in What:
        told = tally.breaks.get(what, [])
        if told:
            yield f"- **{what}** ({len(told):,})"
            yield from (f"  - {text}" for text in told[:MOST])
            if len(told) > MOST:
                yield f"  - and {len(told) - MOST:,} more"


def _stays(tally: Tally) -> Iterator[str]:
    if not tally.stays:
        return
    yield f"So many go on leading to the mail server: {len(tally.stays):,}."
    yield ""
    yield from _some([f"- {name}: {why}" for name, why, _ in tally.stays])
    if any(anyway for _, _, anyway in tally.stays):
        yield ""
        yield (
            "Web sites and SRV records: `--even-so` takes those names away too. A web site on the "
            "mail server's address is a reason to move the mail server (`--move-to`), or the site."
        )


def _left(tally: Tally) -> Iterator[str]:
    if tally.counts["clean"]:
        yield f"- {_count(tally.counts['clean'], 'domain')}: no name leads to the mail server"
    if tally.own:
        yield (
            f"- {_count(len(tally.own), 'domain')}: the mail server itself is the MX, and nothing "
            f"is ever changed: {', '.join(tally.own[:MOST])}{_more(tally.own)}"
        )
    for why, count in sorted(tally.left_out.items()):
        yield f"- {_count(count, 'domain')}: {why}"
    yield from _some([f"- {domain}: {why}" for domain, why in tally.unsure])


def _truth(tally: Tally, about: About) -> Iterator[str]:
    yield (
        "A name that is gone, or an address that is new, hides the server from whoever guesses. It "
        "hides it from nobody who has a reason to look:"
    )
    yield ""
    yield "- **Mail that it sends**: each message, each bounce, names it in its Received lines."
    if tally.way is not Way.MOVE:
        yield (
            "- **Its address has not changed**: whoever has it from yesterday, or scans all "
            "addresses, still gets in. Only rules or a firewall shut that: `mxward lockdown exim`, "
            "`postfix`, `nftables`."
        )
    adding = len(about.moved.adding) if about.moved else 0
    if adding:
        yield (
            f"- **SPF**: {_count(adding, 'record')} will name the new address to everybody who "
            "asks. `--keep-spf` avoids that, where the server sends from its old address."
        )
    by_hand = about.moved.by_hand if about.moved else ()
    if by_hand:
        yield f"- SPF records that are not changed here ({len(by_hand):,}):"
        yield from (f"  {line}" for line in _some([f"- {d}: {w}" for d, w in by_hand]))
    yield "- **SPF that an `include` leads to** is not looked at here: look whether it names it."
    if about.certificates:
        yield (
            "- **Certificate logs**: these names stand in the configured certificate, and in the "
            f"public logs: {', '.join(about.certificates[:MOST])}. "
            "A certificate for the new name would tell it to all the world the same minute."
        )
    else:
        yield "- **Certificate logs**: any name that a certificate was issued for is public."
    if about.moved and about.moved.pins > 1:
        yield (
            f"- TLSA: {about.moved.pins:,} different sets are in use, so none is copied to the new "
            "name: choose."
        )
    if tally.way is Way.MOVE:
        zone = about.move.zone if about.move else ""
        yield (
            f"- **The zone {zone}**: who may transfer it, or walk it (NSEC), reads the new name."
        )
        yield "- **Who scans all addresses** finds any open port 25: so let in the scanners only."
        if tally.own:
            yield (
                f"- **The MX of {_count(len(tally.own), 'domain')}** is the mail server itself: "
                "wherever that leads is no secret."
            )


def _section(title: str, body: Iterable[str]) -> list[str]:
    lines = _trimmed(body)
    return ["", f"## {title}", "", *lines] if lines else []


def _trimmed(body: Iterable[str]) -> list[str]:
    lines = list(body)
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _some(lines: Sequence[str]) -> list[str]:
    more = [f"- and {len(lines) - MOST * 10:,} more"] if len(lines) > MOST * 10 else []
    return [*lines[: MOST * 10], *more]


def _more(names: Sequence[str]) -> str:
    return f" and {len(names) - MOST:,} more" if len(names) > MOST else ""


def _count(count: int, what: str) -> str:
    return f"{count:,} {what}{'' if count == 1 else 's'}"
