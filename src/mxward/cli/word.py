"""The operator's word as commands read and give it: what the store holds beside the configuration.

A store is never made here: it would belong to whoever types this, not to the proxy's user.
"""

from __future__ import annotations

import os
import pwd
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import click

from mxward.cli.options import fail, problems
from mxward.config import Config, load
from mxward.config.values import expiry, note
from mxward.domains import Domains
from mxward.inventory import Inventory
from mxward.model import Rules
from mxward.store.database import Store, StoreError

__all__ = ["Word", "by_option", "note_text", "until", "word_of", "writing"]

_DAYS = re.compile(r"([0-9]{1,4})d")
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Word:
    """All of it. `remark` says why there is no store to read, where there is none."""

    config: Config
    inventory: Domains
    rules: Rules
    store: Store | None
    remark: str = ""


def word_of(path: Path) -> Word:
    """What the configuration says, and the store beside it, which is closed when the command ends.
    Ends with one line where the configuration is wrong.
    """
    with problems():
        config = load(path)
        inventory = Inventory(config.inventory, config.place("inventory")).read().domains
    rules = config.rules(inventory)
    try:
        store = Store.open(config.store.path, read_only=True)
        click.get_current_context().call_on_close(store.close)
        return Word(config, inventory, rules.having(store.word()), store)
    except StoreError as error:
        return Word(config, inventory, rules, None, str(error))


@contextmanager
def writing(config: Config) -> Iterator[Store]:
    """The store, to say something there. Ends with one line where it cannot be used."""
    try:
        store = Store.open(config.store.path, read_only=not Path(config.store.path).exists())
        try:
            yield store
        finally:
            store.close()
    except StoreError as error:
        fail(str(error))


# -- who, why, until when -----------------------------------------------------------------------


def by_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """`--by NAME`; the command gets whoever types this where it is not given."""
    option = click.option(
        "--by",
        metavar="NAME",
        callback=lambda ctx, param, text: _user() if text is None else note_text(text),
        help="Who says so.  [default: you, also behind sudo]",
    )
    return option(command)


def _user() -> str:
    for name in ("SUDO_USER", "LOGNAME", "USER"):
        if os.environ.get(name):
            return os.environ[name]
    with suppress(KeyError):
        return pwd.getpwuid(os.getuid()).pw_name
    return str(os.getuid())


def note_text(text: str) -> str:
    """A few words for people, as the configuration takes them."""
    try:
        return note(text)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def until(text: str, now: float, option: str) -> float | None:
    """When `2027-12-31` (its end, UTC) or `30d` has passed, in seconds; None for `never`."""
    if text == "never":
        return None
    days = _DAYS.fullmatch(text)
    try:
        at = now + int(days[1]) * _DAY if days else expiry(date.fromisoformat(text))
    except ValueError:
        raise click.BadParameter(
            f"{text!r} is no date; write one like 2027-12-31, 30d for days, or never",
            param_hint=option,
        ) from None
    if at < now:
        raise click.BadParameter(f"{text} has passed already", param_hint=option)
    return at
