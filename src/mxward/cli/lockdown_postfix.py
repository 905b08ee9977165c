"""`mxward lockdown postfix`: accept rules for Postfix."""

from __future__ import annotations

from pathlib import Path

import click

from mxward.cli.lockdown_again import again
from mxward.cli.lockdown_options import CODES, NAMED, Asked, lockdown_options
from mxward.cli.lockdown_run import run
from mxward.cli.options import fail
from mxward.lockdown import postfix as rules
from mxward.lockdown.postfix import Kind, Main

__all__ = ["postfix"]

_MAIN, _MASTER = Path("/etc/postfix/main.cf"), Path("/etc/postfix/master.cf")
_HELP = f"""Write accept rules for Postfix: tables, restriction classes, and the commands for
postconf that let Postfix ask them, with those that take it back.

main.cf and master.cf are read, never written: from them it is known where the rules belong. Where
/etc/postfix/main.cf is not there, the README says it in words.

{NAMED}
\b
Examples: mxward lockdown postfix --out /root/postfix
          mxward lockdown postfix --tables lmdb --main-cf main.cf --master-cf master.cf

{CODES}"""


@click.command(help=_HELP)
@lockdown_options("postfix", "/etc/postfix/mxward")
@click.option(
    "--tables",
    "kind",
    type=click.Choice([str(each) for each in Kind]),
    default=str(Kind.HASH),
    show_default=True,
    help="How domains are looked up.",
)
@click.option(
    "--main-cf",
    "main_cf",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"Postfix's main.cf, to be read.  [default: {_MAIN}]",
)
@click.option(
    "--master-cf",
    "master_cf",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help=f"Its master.cf.  [default: {_MASTER}]",
)
def postfix(asked: Asked, kind: str, main_cf: Path | None, master_cf: Path | None) -> None:
    """Write, or compare."""
    installed = str(asked.installed)
    told = _read(main_cf, _MAIN)
    services = _read(master_cf, _MASTER) or ""
    try:
        main = None if told is None else Main(told, services)
    except ValueError as error:
        fail(str(error))
    more = ["--tables", kind] if kind != Kind.HASH else []
    for option, path in (("--main-cf", main_cf), ("--master-cf", master_cf)):
        more += [option, str(path.absolute())] if path is not None else []
    command = again("postfix", asked, more)
    run(asked, lambda plan, *_: rules.write(plan.groups, installed, Kind(kind), main, command))


def _read(asked: Path | None, usual: Path) -> str | None:
    """None where nobody asked for a file, and there is none."""
    path = asked or usual
    try:
        return path.read_text("utf-8")
    except FileNotFoundError as error:
        if asked is None:
            return None
        fail(f"{path}: {error.strerror}")
    except OSError as error:
        fail(f"{path}: {error.strerror}")
    except UnicodeDecodeError:
        fail(f"{path}: this is no UTF-8")
