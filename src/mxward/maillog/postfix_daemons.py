"""The lines of Postfix's daemons but smtpd: what was taken, for whom, and what was found in it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable

from mxward.maillog import postfix_told
from mxward.maillog.logged import Logged
from mxward.maillog.postfix_entry import Entry
from mxward.maillog.postfix_joined import Message, Messages
from mxward.maillog.postfix_lines import (
    FORWARDED,
    FROM,
    FROM_ODD,
    NOTIFIED,
    PICKED_UP,
    RETURNED,
    TO,
)
from mxward.maillog.postfix_peers import OWN
from mxward.maillog.postfix_rejected import by_cleanup, by_postscreen, too_big
from mxward.maillog.strange import (
    NOT_A_CLIENT,
    NOT_A_DELIVERY,
    NOT_A_REJECTION,
    NOT_AN_ARRIVAL,
    UNKNOWN_TO_POSTFIX,
)

__all__ = ["Daemons", "Handler"]

Handler = Callable[[Entry], Iterable[Logged] | str]
"""What a line tells, or what is strange about it."""

_AGENTS = b"smtp lmtp relay virtual pipe error retry discard".split()


class Daemons:
    """Reads their lines, in order; `handlers` are by the daemon's name."""

    def __init__(self, kinds: Counter[str], messages: Messages) -> None:
        self._kinds = kinds
        self._messages = messages
        self.handlers: dict[bytes, Handler] = dict.fromkeys(_AGENTS, self._agent)
        self.handlers |= dict.fromkeys((b"bounce", b"defer", b"trace"), self._bounce)
        self.handlers |= dict.fromkeys((b"qmgr", b"oqmgr", b"nqmgr"), self._qmgr)
        self.handlers |= {
            b"local": self._local,
            b"cleanup": self._cleanup,
            b"pickup": self._pickup,
            b"postscreen": self._postscreen,
            b"postsuper": self._postsuper,
        }

    def _qmgr(self, entry: Entry) -> Iterable[Logged] | str:
        rest = entry.rest
        if rest == b"removed":
            self._kinds["removed"] += 1
            return self._messages.take(entry.key)
        if not rest.startswith(b"from=<"):
            self._kinds["qmgr"] += 1
            return ()
        found = FROM.match(rest) or FROM_ODD.match(rest)
        if found is None:
            if RETURNED.match(rest) is None:
                return NOT_AN_ARRIVAL
            self._kinds["returned to sender"] += 1
            return ()
        message = self._messages.waiting.get(entry.key)
        if message is None:
            self._kinds["from= (again, or brought before the log begins)"] += 1
            return ()
        self._kinds["from="] += 1
        message.sender = found[1]
        message.size, message.expected = int(found[2]), int(found[3])
        return ()

    def _agent(self, entry: Entry) -> Iterable[Logged] | str:
        rest, messages = entry.rest, self._messages
        if not rest.startswith(b"to=<"):
            self._kinds["delivery"] += 1
            return ()
        key = (entry.host, entry.id or b"")
        message = messages.waiting.get(key)
        if message is None:
            self._kinds["to="] += 1
            return ()
        found = TO.match(rest)
        if found is None:
            return NOT_A_DELIVERY
        self._kinds["to="] += 1
        to, given = found.groups()
        return messages.give(key, message, found[0], to if given is None else given)

    def _local(self, entry: Entry) -> Iterable[Logged] | str:
        """The agent that follows `.forward` files and aliases: by messages of its own."""
        self._made(entry, FORWARDED.search(entry.rest))
        return self._agent(entry)

    def _bounce(self, entry: Entry) -> Iterable[Logged] | str:
        self._made(entry, NOTIFIED.match(entry.rest))
        return self._agent(entry)

    def _made(self, entry: Entry, found: re.Match[bytes] | None) -> None:
        """A message that Postfix has made itself."""
        if found is not None:
            self._messages.own((entry.host, found[1]), entry.at, entry.number)

    def _cleanup(self, entry: Entry) -> Iterable[Logged] | str:
        rest, messages = entry.rest, self._messages
        if rest.startswith(b"message-id="):
            self._kinds["message-id="] += 1
            if entry.id is not None and entry.key not in messages.waiting:
                return messages.begin(entry.key, Message(entry.at, entry.number, None, None))
            return ()
        action = postfix_told.ACTION.match(rest)
        if entry.id is not None and action is not None and action[1] in postfix_told.ATTEMPTS:
            logged = by_cleanup(action[1], entry, messages.waiting.get(entry.key))
            if logged is None:
                return NOT_A_REJECTION
            self._kinds[action[1].decode("ascii")] += 1
            return (logged,)
        kind = postfix_told.by_cleanup(rest)
        if kind is None:
            return UNKNOWN_TO_POSTFIX
        if b"hopcount exceeded" in rest:
            self._kinds[kind] += 1
            logged = too_big(entry, messages.waiting)
            return () if logged is None else (logged,)
        if kind == "to":  # an alias that cannot be followed
            return self._agent(entry)
        self._kinds[kind] += 1
        return ()

    def _pickup(self, entry: Entry) -> Iterable[Logged] | str:
        if entry.id is None or not entry.rest.startswith(b"uid="):
            self._kinds["pickup"] += 1
            return ()
        if PICKED_UP.match(entry.rest) is None:
            return NOT_A_CLIENT
        self._kinds["uid="] += 1
        return self._messages.begin(entry.key, Message(entry.at, entry.number, OWN, None))

    def _postscreen(self, entry: Entry) -> Iterable[Logged] | str:
        if entry.rest.startswith(b"reject: "):
            logged = by_postscreen(entry)
            if logged is None:
                return NOT_A_REJECTION
            self._kinds["reject"] += 1
            return (logged,)
        kind = postfix_told.by_postscreen(entry.rest)
        if kind is None:
            return UNKNOWN_TO_POSTFIX
        self._kinds[kind] += 1
        return ()

    def _postsuper(self, entry: Entry) -> Iterable[Logged] | str:
        self._kinds["postsuper"] += 1
        return self._messages.take(entry.key) if entry.rest == b"removed" else ()
