"""The room a real program runs in: Debian's packages at /opt, its own directory at /srv, its own
/etc with its own users, its own processes, and the test run's own network.

All of it are namespaces that end with the processes in them, so nothing is left on the machine:
when a room's first process dies, the kernel kills the others; when the process that opened it dies,
however it dies, the room dies too. (The kernel looks at the *thread* that opened it: open rooms
from the main thread, or from one that outlives them.) That first process is a shell, since the
kernel forgets whose death to follow when a process changes its user, as servers do.

Supported: root on a Debian-like Linux. `why_not` names what is missing elsewhere.
"""

from __future__ import annotations

import ctypes
import ipaddress
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tools import debian_cache

# The users that the programs drop their privileges to. They exist in rooms only.
USERS = {"root": 0, "mail": 8, "postfix": 61001, "postdrop": 61002, "Debian-exim": 61003}
USERS |= {"dovecot": 61004, "dovenull": 61005, "nobody": 65534}

_ENTER = """
mount --bind "$1" /opt
mount --bind "$2" /srv
mount --bind /srv/etc /etc
shift 2
cd /srv
env - "$@" || exit $?
"""
_CLONE_NEWNET = 0x40000000


def why_not() -> str | None:
    """What keeps real servers from running here, or None where nothing does."""
    if os.geteuid() != 0:
        return "real servers need root"
    for program in ("unshare", "setpriv", "mount", "ip"):
        if shutil.which(program) is None:
            return f"{program} is missing: run tools/setup-debian"
    if subprocess.run(["unshare", "--mount", "--pid", "--net", "--fork", "true"]).returncode:
        return "this machine lets no namespace be made (unshare failed)"
    return debian_cache.why_not()


def leave_the_network() -> None:
    """Move this process into a network of its own, where there is nothing but loopback.

    Every port is free there, and no test can reach anybody. Raises OSError where it may not.
    """
    if ctypes.CDLL(None, use_errno=True).unshare(_CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare failed")
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)


def own(address: str) -> None:
    """Let this network's loopback answer for `address`, whatever it is: 198.51.100.7, 2001:db8::7.

    To be called only in a network of the tests' own. It stays until the module's tests are over.
    """
    ip = ipaddress.ip_address(address)
    if str(ip) in ("127.0.0.1", "::1"):  # are there, and must not go
        return
    command = ["ip", "address", "replace", f"{ip}/{ip.max_prefixlen}", "dev", "lo"]
    subprocess.run([*command, "nodad"] if ip.version == 6 else command, check=True)
    _owned.add(f"{ip}/{ip.max_prefixlen}")


_owned = set[str]()


def disown() -> None:
    """Let the network answer for no address any more that `own` gave it."""
    while _owned:
        # A test may have taken it away itself.
        subprocess.run(["ip", "address", "delete", _owned.pop(), "dev", "lo"], capture_output=True)


def command(argv: Sequence[str], directory: Path) -> list[str]:
    """The command that runs `argv` in a room of its own whose /srv is `directory`."""
    (directory / "etc").mkdir(parents=True, exist_ok=True)
    directory.chmod(0o755)
    _write_etc(directory / "etc")
    room = ["setpriv", "--pdeathsig", "KILL"]
    room += ["unshare", "--mount", "--pid", "--fork", "--kill-child=KILL"]
    room += ["sh", "-ec", _ENTER, "sh", str(debian_cache.CACHE), str(directory)]
    return [*room, *(f"{name}={value}" for name, value in environment().items()), *argv]


def _write_etc(etc: Path) -> None:
    """All of /etc that is needed; the same on every machine, however bare."""
    users = USERS.items()
    passwd = "".join(f"{name}:x:{number}:{number}::/:/bin/false\n" for name, number in users)
    (etc / "passwd").write_text(passwd)
    (etc / "group").write_text("".join(f"{name}:x:{number}:\n" for name, number in users))
    (etc / "hosts").write_text("127.0.0.1 localhost\n::1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\ngroup: files\nhosts: files\n")
    for name in ("protocols", "services"):
        shutil.copy(debian_cache.CACHE / "etc" / name, etc)


def environment() -> dict[str, str]:
    """What programs from the packages must find in their environment."""
    return {
        "PATH": "/opt/usr/sbin:/opt/usr/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "LD_LIBRARY_PATH": _inside(
            "usr/lib/postfix",
            "usr/lib/dovecot",
            "usr/lib/dovecot/modules/old-stats",
            "usr/lib/*-linux-gnu*",
            "lib/*-linux-gnu*",
        )
        + ":/opt/usr/lib",
        "PERL5LIB": _inside(
            "usr/share/perl5",
            "usr/lib/*/perl5/*",
            "usr/lib/*/perl/*.*",
            "usr/share/perl/*.*",
        ),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }


def _inside(*patterns: str) -> str:
    cache = debian_cache.CACHE
    found = (path for pattern in patterns for path in sorted(cache.glob(pattern)))
    return ":".join(f"/opt/{path.relative_to(cache)}" for path in found)
