"""What every test run has: its own network, honest skips, and counts that `--long` makes full.

`@pytest.mark.real` is for tests with real servers (tests/integration/servers): they are skipped
where the machine cannot run them. The last lines of a run say what was skipped and why; with
CI=true in the environment, a skip fails the run. Hypothesis plays the same examples each time, and
with `--long` many more, new ones.

`make test` runs a process for each core (pytest-xdist): most of the tests wait for servers.
"""

from __future__ import annotations

import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from hypothesis import settings

from tests.integration.servers import room

_WHY_NOT_REAL = pytest.StashKey[str | None]()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run the full counts that issues name")


settings.register_profile("short", derandomize=True, deadline=None)
settings.register_profile("long", max_examples=2000, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("long" if config.getoption("--long") else "short")
    # Where a shell's `&` has it ignored, the programs under test would ignore it too.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    config.stash[_WHY_NOT_REAL] = why_not = room.why_not()
    if why_not is None:
        room.leave_the_network()


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """A process for each core; without networks of their own, none beside this one."""
    return 0 if room.why_not() else os.cpu_count() or 1


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    why_not = config.stash[_WHY_NOT_REAL]
    if why_not:
        for item in items:
            if item.get_closest_marker("real"):
                item.add_marker(pytest.mark.skip(reason=why_not))
    if not config.getoption("--long"):
        put_off = [item for item in items if item.get_closest_marker("long")]
        items[:] = [item for item in items if item not in put_off]
        config.hook.pytest_deselected(items=put_off)


@pytest.fixture(scope="module", autouse=True)
def _addresses_of_its_own() -> Iterator[None]:
    """No module finds an address that another one took: whose module comes next is chance."""
    yield
    room.disown()


@pytest.fixture(scope="session")
def count(pytestconfig: pytest.Config) -> Callable[[int, int], int]:
    """`count(5, 200)` is 5, and 200 with `--long`."""
    full = pytestconfig.getoption("--long")
    return lambda short, long: long if full else short


def pytest_sessionfinish(session: pytest.Session) -> None:
    if _skipped(session.config) and _skips_fail() and session.exitstatus == pytest.ExitCode.OK:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_unconfigure(config: pytest.Config) -> None:
    """After everything else, so that it is the last thing to be read."""
    reasons = Counter(_skipped(config))
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    if not reasons or reporter is None:
        return
    failed = "; with CI=true that fails the run" if _skips_fail() else ""
    reporter.write_line(f"NOT TESTED: {reasons.total()} tests were skipped{failed}", red=True)
    for reason, times in reasons.most_common():
        reporter.write_line(f"  {times} x {reason}", red=True)


def _skips_fail() -> bool:
    return os.environ.get("CI") == "true"


def _skipped(config: pytest.Config) -> list[str]:
    """The reason of each skipped test."""
    reporter = config.pluginmanager.get_plugin("terminalreporter")
    reports = reporter.stats.get("skipped", []) if reporter else []
    return [
        report.longrepr[2].removeprefix("Skipped: ")
        if isinstance(report.longrepr, tuple)
        else str(report.longrepr)
        for report in reports
    ]
