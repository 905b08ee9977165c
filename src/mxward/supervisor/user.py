"""Becoming a user with less rights, once what needs root is done.

Of root's capabilities only those that are named stay (capabilities(7)); they are made ambient, so
that a program that is started in this one's place has them too.
"""

from __future__ import annotations

import ctypes
import os
import pwd
from collections.abc import Collection

__all__ = ["NET_BIND_SERVICE", "NET_RAW", "become"]

NET_BIND_SERVICE = 10
NET_RAW = 13

_VERSION_3 = 0x20080522  # _LINUX_CAPABILITY_VERSION_3
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_Header = ctypes.c_uint32 * 2  # version, pid
_Data = ctypes.c_uint32 * 6  # effective, permitted, inheritable: the low half, then the high


def become(name: str, keep: Collection[int] = ()) -> None:
    """Be this user, with these capabilities and no others, for good.

    Nothing is done where this is that user already. Raises ValueError in one line: there is no such
    user, or it takes root.
    """
    try:
        user = pwd.getpwnam(name)
    except KeyError:
        raise ValueError(f'"{name}": no such user; make one, or name another') from None
    if os.geteuid() == user.pw_uid:
        return
    if os.geteuid():
        raise ValueError(f'"{name}": only root can become another user; start as root, or as it')
    libc = ctypes.CDLL(None, use_errno=True)
    if keep:
        _call(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0))
    os.initgroups(name, user.pw_gid)
    os.setresgid(user.pw_gid, user.pw_gid, user.pw_gid)
    os.setresuid(user.pw_uid, user.pw_uid, user.pw_uid)
    if keep:
        mask = sum(1 << capability for capability in keep)
        _call(libc.capset(_Header(_VERSION_3, 0), _Data(mask, mask, mask, 0, 0, 0)))
        for capability in keep:
            _call(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0))


def _call(result: int) -> None:
    if result:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
