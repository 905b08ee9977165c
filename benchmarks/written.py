"""The processes of works.writing_rules: each writes one way's files for so many domains, twice.

python -m benchmarks.written WAY DIRECTORY DOMAINS

All look-ups are known: what is timed is from what is known of each domain to files on the disk. The
first time nothing is there; the second time nothing has changed, and the ledger is read. Prints
JSON: seconds of either, files that the second has written, and the most memory that was resident.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from ipaddress import ip_address
from pathlib import Path

from mxward.audit.front import Standing
from mxward.cli.lockdown_dns_files import Folder
from mxward.cli.lockdown_dns_writing import Draft
from mxward.cli.lockdown_dns_writing import write as write_plan
from mxward.cli.lockdown_files import changes, put
from mxward.cli.lockdown_options import Asked
from mxward.cli.lockdown_readme import readme
from mxward.lockdown import exim, ledger, nftables, postfix
from mxward.lockdown.dns import kept
from mxward.lockdown.dns.about import About
from mxward.lockdown.dns.dropping import dropped
from mxward.lockdown.dns.looked import Looked, Named, Pointing
from mxward.lockdown.dns.records import Records
from mxward.lockdown.dns.sets import of_dropped, standing
from mxward.lockdown.dns.staying import Wish
from mxward.lockdown.dns.steps import Way
from mxward.lockdown.ledger import Ledger
from mxward.lockdown.plan import Plan, plan
from mxward.lockdown.sealing import Sealed, Verdict
from mxward.lockdown.written import Written
from mxward.networks import Networks, network

_MAIL = "192.0.2.25"
_SCANNERS = 20
_VERDICTS = (Verdict.WARN, Verdict.DEFER, Verdict.DENY)

_Write = Callable[[Plan, Path], Written]
_WAYS: dict[str, _Write] = {
    "exim": lambda found, place: exim.write(found.groups, str(place)),
    "postfix": lambda found, place: postfix.write(found.groups, str(place)),
    "nftables": lambda found, _: nftables.write(
        found, nftables.Filter((network(_MAIL),), (25,), refuses=True, even_so=True)
    ),
}


def by_rules(way: str, place: Path, domains: int) -> int:
    """Write one way's rules as `mxward lockdown` does; how many files were other."""
    path = place / ledger.FILE
    before = ledger.read(path.read_text("utf-8")) if path.exists() else Ledger()
    found = plan(_sealed(domains), before)
    written = _WAYS[way](found, place)
    asked = Asked(place, (), None, place, place, False, False, False, False)
    files = {n: t.encode() if isinstance(t, str) else t for n, t in written.files.items()}
    files["README.md"] = readme(written, found, asked).encode()
    files[ledger.FILE] = ledger.text(found.groups, files).encode()
    other = changes(place, files)
    put(place, files, before.files)
    return len(other)


def _sealed(domains: int) -> Iterator[Sealed]:
    """A few scanners front them all."""
    welcome = [Networks.of(f"198.51.{n}.0/24", f"2001:db8:{n}::/64") for n in range(_SCANNERS)]
    trusted = Networks.of("203.0.113.7")
    for number in range(domains):
        n = number % _SCANNERS
        yield Sealed(
            f"d{number}.example",
            _VERDICTS[number % 3],
            (f"scanner{n}",),
            (f"mx.scanner{n}.example",),
            welcome[n],
            trusted,
        )


def by_dns(_: str, place: Path, domains: int) -> int:
    """Write the plan that drops three names of each domain; how many files were other."""
    looked = list(_looked(domains))
    path = place / kept.FILE
    before = kept.Kept()
    if path.exists():
        with path.open(encoding="utf-8") as file:
            before = kept.read(file)
    done = dropped(looked, Wish(Networks.of(_MAIL)))
    about = About(str(place), (ip_address(_MAIL),), 300, exact=True)
    zones, stands = of_dropped(done), standing(looked, {})
    draft = Draft(Way.DROP, about, looked, done, zones, stands, before, server="192.0.2.53 53")
    folder = Folder(place)
    write_plan(draft, folder)
    return folder.changed


def _looked(domains: int) -> Iterator[Looked]:
    """Each with three names that go, and an SPF record that needs another word."""
    mail = (ip_address(_MAIL),)
    for number in range(domains):
        domain = f"d{number}.example"
        names = [(label, f"{label}.{domain}") for label in ("mail", "smtp")]
        pointing = [
            Pointing(label, name, (Records(name, "A", 3600, (_MAIL,)),), mail)
            for label, name in names
        ]
        alias = f"imap.{domain}"
        cname = Records(alias, "CNAME", 3600, (f"mail.{domain}",))
        pointing.append(Pointing("imap", alias, (cname,), mail, f"mail.{domain}"))
        spf = f'"v=spf1 a:mail.{domain} include:_spf.scanner.example -all"'
        yield Looked(
            domain,
            Standing.FRONTED,
            domain,
            ("ns1.hosting.example", "ns2.hosting.example"),
            (f"scanner{number % _SCANNERS}",),
            tuple(pointing),
            txt=Records(domain, "TXT", 3600, (spf,)),
            spf=(Named(f"mail.{domain}", f"mail.{domain}"),),
        )


def main() -> None:
    way, directory, number = sys.argv[1:]
    place = Path(directory)
    place.mkdir(parents=True, exist_ok=True)
    write = by_dns if way == "dns" else by_rules
    seconds, written = [], []
    for _ in range(2):
        began = time.perf_counter()
        written.append(write(way, place, int(number)))
        seconds.append(time.perf_counter() - began)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
    told = {"first": seconds[0], "again": seconds[1], "written_again": written[1], "MB": most}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
