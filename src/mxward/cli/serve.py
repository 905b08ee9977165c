"""`mxward serve`: the proxy, as a supervisor that keeps workers running."""

from __future__ import annotations

import os
import socket
import sys
from pathlib import Path
from signal import SIGINT, SIGTERM

import click

from mxward.cli.listeners import begin, listen_for_metrics, take
from mxward.cli.loaded import read
from mxward.cli.options import config_option, problems
from mxward.cli.service import Announcer, Service, wanted
from mxward.config import Config, ConfigError, Problem, load
from mxward.metrics import telling
from mxward.supervisor.handover import Handover, given
from mxward.supervisor.line import Order
from mxward.supervisor.listening import address_of
from mxward.supervisor.signals import Signals
from mxward.supervisor.supervisor import Ended, Supervisor
from mxward.supervisor.systemd import Notices
from mxward.supervisor.upgrade import Upgrade
from mxward.supervisor.user import NET_BIND_SERVICE, NET_RAW, become

__all__ = ["serve"]

_RETRY = 5.0
"""Seconds between two tries to read what a new program could not."""
_HELP = """Stand before the mail server, and send back-door mail where it belongs.

Runs in the foreground until SIGTERM or SIGINT; messages under way may then end, for server.drain
seconds at most. SIGHUP reloads the configuration, SIGUSR2 goes on with a newly installed mxward;
both drop no session, and where something is wrong, what runs goes on. The log goes to standard
output, one line a decision.

\b
Example: mxward serve --config /etc/mxward/mxward.toml

Exit codes: 0 stopped as asked, 1 inside failure, 2 wrong usage, 78 wrong configuration.
"""


@click.command(help=_HELP)
@config_option
def serve(path: Path) -> None:
    """Read everything that may be wrong first, then listen."""
    handover = given(os.environ)
    if handover.check:
        with problems():
            _check(path, handover)
        return
    signals = Signals()
    with problems():
        ended = _run(path, handover, signals)
    for words in ended.words.splitlines():
        click.echo(f"mxward: {words}", err=True)
    sys.exit(ended.code)


def _run(path: Path, handover: Handover, signals: Signals) -> Ended:
    log = Announcer(sys.stdout.fileno())
    while True:
        try:
            service, listeners = _prepare(path, handover, log)
        except ConfigError as error:
            if not handover.workers:
                raise
            mend = "the former program's workers serve until it can be read"
            log.tell("upgrade-failed", loud=True, why=error, mend=mend)
            if {SIGTERM, SIGINT} & set(signals.wait((), _RETRY)):
                return _let_go(handover)
        else:
            break
    supervisor = Supervisor(
        service,
        wanted(service.loaded),
        [(address_of(listener), listener) for listener in listeners],
        signals,
        Notices(os.environ, os.getpid()),
        Upgrade(Upgrade.this_command(), log.tell),
        handover.workers,
    )
    ended = supervisor.run()
    log.tell("stopped")
    return ended


def _prepare(path: Path, handover: Handover, log: Announcer) -> tuple[Service, list[socket.socket]]:
    """Bind while it may still be done, then become who reads the rest. Raises ConfigError."""
    config = load(path)
    listeners = take(config, handover.listeners)
    _become_user(config, log)
    loaded = read(config)
    begin(config, listeners)  # nobody connects to what may yet turn out to be wrong
    asked = listen_for_metrics(config)
    status = _listen_for_status(config, log)
    return Service(path, loaded, log, asked, status), listeners


def _listen_for_status(config: Config, log: Announcer) -> socket.socket | None:
    """Where `mxward status` asks; mail goes on without it."""
    try:
        return telling.listen(Path(config.status))
    except OSError as error:
        text = f"server.status: {config.status}: {error.strerror or error}"
        mend = "mxward status finds nobody; write a path of its own, where mxward may write"
        log.tell("configuration", loud=True, warning=f"{text}; {mend}")
        return None


def _check(path: Path, handover: Handover) -> None:
    """Whether this program could go on from there. Raises ConfigError."""
    config = load(path)
    take(config, handover.listeners)
    read(config)


def _let_go(handover: Handover) -> Ended:
    """Stop without ever having served."""
    for worker in handover.workers:
        worker.line.tell(Order.STOP)
    for worker in handover.workers:
        os.waitpid(worker.pid, 0)
    return Ended(0)


def _become_user(config: Config, log: Announcer) -> None:
    user = config.server.user
    if user is None:
        if os.geteuid() == 0:
            warning = 'server.user: missing, so mxward goes on as root; write user = "mxward"'
            log.tell("configuration", loud=True, warning=warning)
        return
    kept = (NET_RAW, NET_BIND_SERVICE) if config.intercept else ()
    try:
        become(user, kept)
    except (ValueError, OSError) as error:
        place = config.place("server", "user")
        raise ConfigError([Problem(place, f"server.user: {error}")]) from None
