"""The plan, for people: what to see to first, the steps in order, what breaks, what stays."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from mxward.lockdown.dns.about import About, count, more
from mxward.lockdown.dns.looked import What
from mxward.lockdown.dns.steps import Way
from mxward.lockdown.dns.tally import MOST, Tally
from mxward.lockdown.dns.telling_steps import steps

__all__ = ["plan"]

_PLAIN = str.maketrans({"<": "&lt;", "`": "'", "[": "(", "]": ")"})


def plan(tally: Tally, about: About) -> str:
    """All of it, as Markdown."""
    lines = [f"# {_title(tally.way, about)}", ""]
    lines += _head(tally, about)
    lines += _section("Before anything", _before(tally, about))
    lines += ["", "## Steps"]
    for number, (title, body) in enumerate(steps(tally, about), 1):
        lines += ["", f"### {number}. {title}", "", *_trimmed(body)]
    lines += _section("What breaks, or must be seen to", _breaks(tally))
    lines += _section("Names that stay", _stays(tally))
    follows = [f"- {name} follows {target}" for name, target in tally.follows]
    lines += _section("Names that need no change of their own", _some(follows))
    lines += _section("Domains that are left as they are", _left(tally))
    lines += _section("What still gives the mail server away", _truth(tally, about))
    lines += _section("What could not be written", _some([f"- {n}: {w}" for n, w in tally.refused]))
    return "\n".join(lines) + "\n"


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
        f"at: {count(tally.domains, 'domain')}. The mail server: {servers}."
    )
    yield ""
    yield (
        "Each script is one message to the name server (RFC 2136): all of it is done, or nothing. "
        "It is done only where every record is still as it was when this was written; else "
        "nsupdate says NXRRSET or YXRRSET, and nothing has changed: run `mxward lockdown dns` "
        "again. From a later step, the way back leads through all steps before it, backwards."
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
        for scanner, number in sorted(tally.scanners.items()):
            yield f"- {scanner}: {count(number, 'domain')}"
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
            f"({count(tally.differences, 'difference')}); back with `patch -R`, then raise the "
            "serial above what it was."
        )


def _breaks(tally: Tally) -> Iterator[str]:
    for what in What:
        told = tally.breaks.get(what, [])
        if told:
            number = tally.counts[what]
            yield f"- **{what}** ({number:,})"
            yield from (f"  - {text}" for text in told)
            if number > len(told):
                yield f"  - and {number - len(told):,} more"


def _stays(tally: Tally) -> Iterator[str]:
    if tally.way is Way.MOVE and tally.counts["leading"]:
        yield (
            f"So many lead to the old address, and stay: {tally.counts['leading']:,}. Web sites, "
            "mailboxes and mail programs go on there; only port 25 leaves it. Who moves the whole "
            "machine must point these names at it, and with them gives the new address away."
        )
    if not tally.stays:
        return
    yield f"So many go on leading to the mail server: {len(tally.stays):,}."
    yield ""
    yield from _some([f"- {each.name}: {each.why}" for each in tally.stays])
    if any(each.anyway for each in tally.stays):
        yield ""
        yield (
            "Web sites and SRV records: `--even-so` takes those names away too. A web site on the "
            "mail server's address is a reason to move the mail server (`--move-to`), or the site."
        )


def _left(tally: Tally) -> Iterator[str]:
    if tally.counts["clean"]:
        yield f"- {count(tally.counts['clean'], 'domain')}: no name leads to the mail server"
    if tally.own:
        yield (
            f"- {count(len(tally.own), 'domain')}: the mail server itself is the MX, and nothing "
            f"is ever changed: {', '.join(tally.own[:MOST])}{more(tally.own)}"
        )
    for why, number in sorted(tally.left_out.items()):
        yield f"- {count(number, 'domain')}: {why}"
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
            f"- **SPF**: {count(adding, 'record')} will name the new address to everybody who "
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
            f"public logs: {', '.join(about.certificates[:MOST])}{more(about.certificates)}."
        )
    else:
        yield "- **Certificate logs**: any name that a certificate was issued for is public."
    if tally.way is Way.MOVE:
        yield "- **A certificate for the new name** tells it to all the world the same minute."
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
                f"- **The MX of {count(len(tally.own), 'domain')}** is the mail server itself: "
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
    """The first of them. What others wrote into their zones is no markup."""
    more = [f"- and {len(lines) - MOST * 10:,} more"] if len(lines) > MOST * 10 else []
    return [*(line.translate(_PLAIN) for line in lines[: MOST * 10]), *more]
