"""The sockets that `serve` listens on, as a configuration wants them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from mxward.cli.listeners import binder, suits, take
from mxward.config import Config, ConfigError, load
from mxward.proxy.transparency import is_transparent
from mxward.supervisor.listening import bind

Configured = Callable[[str], Config]

pytestmark = pytest.mark.real  # what is diverted takes CAP_NET_RAW

QUIET = '[tls]\nhide_starttls = true\n[inventory]\nfiles = ["/etc/localdomains"]\n'
ORDINARY = '[server]\nlisten = ["0.0.0.0:2525"]\nupstream = "127.0.0.1:10025"\n'
DIVERTED = '[intercept]\nlayout = "gateway"\ninterfaces = ["wan"]\nservers = [{}]\n'


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    def written(text: str) -> Config:
        (tmp_path / "mxward.toml").write_text(text + QUIET)
        return load(tmp_path / "mxward.toml")

    return written


def test_what_is_diverted_arrives_at_sockets_of_its_own(configured: Configured) -> None:
    text = ORDINARY.replace("2525", "2626") + DIVERTED.format('"203.0.113.25", "2001:db8::25"')
    listeners = take(configured(text), [])
    seen = {listener.getsockname()[:2]: is_transparent(listener) for listener in listeners}
    for listener in listeners:
        listener.close()
    assert seen == {("0.0.0.0", 2626): False, ("0.0.0.0", 2525): True, ("::", 2525): True}


@pytest.mark.parametrize(
    ("before", "after"),
    [(ORDINARY, DIVERTED.format('"203.0.113.25"')), (DIVERTED.format('"203.0.113.25"'), ORDINARY)],
)
def test_a_listener_for_other_connections_may_not_stay(
    configured: Configured, before: str, after: str
) -> None:
    """It would be served as what it was, or get nothing at all."""
    with binder(configured(before))("0.0.0.0", 2525) as listener:
        assert suits(configured(before))(("0.0.0.0", 2525), listener)
        assert take(configured(before), [listener]) == [listener]
        assert not suits(configured(after))(("0.0.0.0", 2525), listener)
        with pytest.raises(ConfigError, match=r"0\.0\.0\.0:2525: it was opened for other connect"):
            take(configured(after), [listener])


def test_one_that_goes_anyway_may_be_any(configured: Configured) -> None:
    with bind("127.0.0.1", 0) as former:
        (listener,) = take(configured(ORDINARY), [former])
        listener.close()
