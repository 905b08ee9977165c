"""A plan of DNS changes written out zone by zone; nothing here grows with what is written."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from mxward.cli.lockdown_dns_files import Folder
from mxward.lockdown.dns import kept
from mxward.lockdown.dns.about import About
from mxward.lockdown.dns.dropping import Dropped
from mxward.lockdown.dns.kept import Kept, Set, carried
from mxward.lockdown.dns.looked import Looked
from mxward.lockdown.dns.nsupdate import script
from mxward.lockdown.dns.records import Change
from mxward.lockdown.dns.sets import Zones
from mxward.lockdown.dns.steps import Part, Way, of_zone, stem
from mxward.lockdown.dns.tally import Tally
from mxward.lockdown.dns.telling import plan
from mxward.lockdown.dns.zone_diff import FiledZone, Read, difference, edited

__all__ = ["Draft", "write"]

_LONGEST = 240  # characters of a file's name, less what it ends in
_NEVER: Callable[[Change], bool] = lambda change: False  # noqa: E731


def _cannot_read(zone: str, path: str, text: str) -> FiledZone:
    raise ValueError(f"{path}: cannot be read here")


@dataclass(frozen=True, slots=True)
class Draft:
    """All that is written."""

    way: Way
    about: About
    looked: Sequence[Looked]
    dropped: Sequence[Dropped] = ()
    zones: Zones = field(default_factory=dict)
    stands: Callable[[Change], bool] = _NEVER
    before: Kept = field(default_factory=Kept)
    filed: Mapping[str, FiledZone] = field(default_factory=dict)
    read: Read = _cannot_read
    server: str = ""
    label: str = ""


def write(draft: Draft, folder: Folder) -> Tally:
    """Write all files, the ledger last. Raises OSError, and ValueError of a broken ledger."""
    tally = Tally(draft.way)
    tally.look(draft.looked)
    for each in draft.dropped:
        tally.dropped(each)
    by_domain = {each.domain: each for each in draft.dropped}
    with folder.growing("domains.jsonl") as take:
        for told in _lines(draft.looked, by_domain):
            take(told)
    with folder.growing(kept.FILE) as take:
        take(kept.head(draft.label, draft.way))
        for told in _zones(draft, folder, tally):
            take(told)
        folder.write("PLAN.md", plan(tally, draft.about))
    return tally


def _zones(draft: Draft, folder: Folder, tally: Tally) -> Iterator[str]:
    """Write the scripts of each zone; the lines of the ledger."""
    unsure = {looked.zone for looked in draft.looked if looked.unsure}
    seen = {looked.zone for looked in draft.looked} | draft.zones.keys()
    for zone in sorted({*draft.zones, *draft.before.lines}):
        had = draft.before.sets(zone)
        if zone not in seen or (zone in unsure and zone not in draft.zones):
            for part in of_zone(draft.way, had, draft.about.ttl):
                tally.part(part._replace(pending=False))
            yield draft.before.lines[zone]
            continue
        sets = carried(draft.zones.get(zone, {}), had, draft.stands)
        try:
            names = _write_zone(zone, sets, draft, folder, tally)
        except ValueError as error:
            tally.refused.append((zone, str(error)))
            names, sets = set(), had
        else:
            for part in of_zone(draft.way, had, draft.about.ttl):
                for name in _names(zone, stem(draft.way, part)):
                    if name not in names:
                        folder.remove(name)
        if sets:
            yield kept.line(zone, sets)


def _names(zone: str, at: str) -> tuple[str, str, str]:
    return f"{at}/{zone}.nsupdate", f"{at}/{zone}.back", f"{at}/{zone}.diff"


def _write_zone(
    zone: str, sets: Sequence[Set], draft: Draft, folder: Folder, tally: Tally
) -> set[str]:
    """Write the files of a zone; their names. Raises ValueError before anything is written."""
    if len(zone) > _LONGEST:
        raise ValueError("its name is too long to be a file's")
    parts = list(of_zone(draft.way, sets, draft.about.ttl))
    scripts = [
        (script(zone, part.changes, draft.server), script(zone, part.back, draft.server))
        for part in parts
    ]
    differences = _differences(zone, parts, draft, tally)
    names: set[str] = set()
    for part, (there, back) in zip(parts, scripts, strict=True):
        tally.part(part)
        to, fro, diff = _names(zone, stem(draft.way, part))
        folder.write(to, there)
        folder.write(fro, back)
        names |= {to, fro}
        if not part.pending:
            names.add(diff)
        elif part in differences:
            folder.write(diff, differences[part])
            names.add(diff)
    return names


def _differences(zone: str, parts: Sequence[Part], draft: Draft, tally: Tally) -> dict[Part, str]:
    """Of the steps that are still to be made, one after the other."""
    now = draft.filed.get(zone)
    found: dict[Part, str] = {}
    if now is None:
        return found
    for part in parts:
        if not part.pending:
            continue
        try:
            after = edited(now, part.changes, draft.read)
        except ValueError as error:
            tally.refused.append((zone, str(error)))
            break
        found[part] = difference(now, after)
        now = after
    tally.differences += len(found)
    return found


def _lines(looked: Sequence[Looked], by_domain: Mapping[str, Dropped]) -> Iterator[str]:
    """Each domain, for programs: domains.jsonl."""
    for each in looked:
        told: dict[str, object] = {"domain": each.domain, "zone": each.zone}
        if each.why:
            told["why"] = each.why
        if each.scanners:
            told["scanners"] = each.scanners
        became = by_domain.get(each.domain)
        if became is not None:
            told["goes"] = sorted({c.name for c in became.names} | {n for n, _ in became.follows})
            told["stays"] = {s.name: s.why for s in became.stays}
        elif each.pointing:
            told["leads"] = [p.name for p in each.pointing]
        yield json.dumps(told, separators=(",", ":")) + "\n"
