"""Servers that answer a course's sessions without a network, at a time that goes by hand."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address

from mxward.lookup.probing_course import Course, Outcome
from mxward.lookup.probing_settings import Manners, Politeness
from mxward.smtp.inquest import Wanted
from mxward.smtp.probe import Probe
from mxward.smtp.probed import Answered, Probed

__all__ = ["SERVER", "FakeServer", "Heard", "course_of", "run"]

SERVER = ip_address("192.0.2.25")
EHLO = "250-mail.test\r\n250 PIPELINING"

Heard = tuple[float, str]


def course_of(
    domains: list[str], retries: tuple[float, ...] = (300.0, 1800.0), **manners: object
) -> Course:
    numbers = (f"{number:032x}" for number in itertools.count(1))
    values: dict[str, object] = {
        "key": b"k",
        "control": "",
        "politeness": Politeness(retries=retries),
    }
    wanted = [Wanted(domain, "stranger") for domain in domains]
    return Course(
        SERVER,
        25,
        wanted,
        Manners("audit.test", **(values | manners)),  # type: ignore[arg-type]
        lambda: next(numbers),
    )


@dataclass
class FakeServer:
    """Answers by `say`, for the first word and the whole line; None hangs up. Knows the time.

    What it `heard` is kept, with the times; a session begins with `connect`.
    """

    say: Callable[[str, str, float], str | None]
    banner: str = "220 mail.test"
    tls: bool = True
    heard: list[Heard] = field(default_factory=list)

    def hold(self, probe: Probe, now: float) -> None:
        self.heard.append((now, "connect"))
        waiting = self._lines(self.banner)
        while not probe.over:
            if probe.securing:
                if self.tls:
                    probe.secured(["mail.test"], 0.0)
                else:
                    probe.not_secured("alert", 0.0)
            elif waiting:
                probe.receive(waiting.pop(0), 0.0)
            else:
                probe.gone("it closes the connection", 0.0)
            for line in probe.take_outgoing().decode().splitlines():
                self.heard.append((now, line))
                answer = self.say(line[:4], line, now)
                if answer is not None:
                    waiting += self._lines(answer)

    def sessions(self) -> list[list[str]]:
        """What each was told."""
        found: list[list[str]] = []
        for _, line in self.heard:
            if line == "connect":
                found.append([])
            else:
                found[-1].append(line)
        return found

    def times(self) -> list[float]:
        return [at for at, line in self.heard if line == "connect"]

    def _lines(self, text: str) -> list[bytes]:
        return [text.encode() + b"\r\n"] if text else []


def run(course: Course, server: FakeServer, seconds: float = 0.0) -> dict[str, Probed]:
    """Hold all sessions, each when it is due and lasting so long; what was found by domain."""
    now = 0.0
    for _ in _bounded():
        due = course.due
        if due is None:
            break
        now = max(now, due)
        probe = course.session()
        server.hold(probe, now)
        blank = Probed(course.server, course.port, "", Answered.SILENT, started_at=now)
        found = probe.found(blank)
        now += seconds
        course.take(
            Outcome(found, probe.left(), probe.broke, probe.tls_failed, probe.turned_away, seconds),
            now,
        )
    return {each.domain: each for each in course.results()}


def _bounded() -> Iterator[int]:
    yield from range(1_000)
    raise AssertionError("it never ends")
