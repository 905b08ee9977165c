"""Lists of domains, as mail servers and control panels write them: one domain a line.

Supported: blank lines, `#` comments, white space around, CRLF; any spelling of a domain (case,
trailing dot, IDN); `*.example.com` and Postfix's `.example.com` for everything below one; and more
after it, set off by white space or a colon, as in `example.com: user` (cPanel's /etc/userdomains,
Exim's lsearch files) or the output of `postmap -s`. A lone `*` means nothing here.
Not supported: several domains in a line, quoting, look-up types (`lsearch;...`), mailboxes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from mxward.domains import Domains, is_normal, normal

__all__ = ["Lines"]

_SAMPLES = 5


@dataclass(slots=True)
class Lines:
    """The domains gathered from several lists, and the lines that are none.

    `spelled` gives the object that a domain is known by already, as `Domains.spelled` does.
    """

    spelled: Callable[[str], str] = str
    exact: set[str] = field(default_factory=set)
    below: set[str] = field(default_factory=set)
    unusable: int = 0
    samples: list[str] = field(default_factory=list)  # the first unusable ones, with their places

    def add(self, text: str, source: str) -> None:
        """Add a list; `source` names it where a line is unusable."""
        add, spelled = self.exact.add, self.spelled
        for number, line in enumerate(text.split("\n"), 1):
            if is_normal(line):
                add(spelled(line))
            elif line and not self._add_slowly(line):
                self._refuse(f"{source}:{number}", line)

    def _add_slowly(self, line: str) -> bool:
        words = line.partition("#")[0].split(maxsplit=1)
        name = words[0].partition(":")[0] if words else "*"
        parent = name.removeprefix("*").removeprefix(".")
        try:
            if name.startswith(("*.", ".")):
                self.below.add(normal(parent))
            elif name != "*":
                self.exact.add(self.spelled(normal(name)))
        except ValueError:
            return False
        return True

    def _refuse(self, place: str, line: str) -> None:
        self.unusable += 1
        if len(self.samples) < _SAMPLES:
            self.samples.append(f"{place}: {line.strip()[:60]!r} is no domain")

    def domains(self) -> Domains:
        """All of them."""
        return Domains.of_normal(self.exact, self.below)
