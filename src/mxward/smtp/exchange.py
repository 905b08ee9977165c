"""AUTH between the client and the mail server, line by line (RFC 4954).

The mail server is asked over the connection that the client's mail will go by. A line that is no
base64 cancels the exchange, there as well. Passwords pass through here; nothing of them is kept.
"""

from __future__ import annotations

from mxward.smtp.authentication import MOST_LINES, is_response
from mxward.smtp.delivery import NO_AUTH
from mxward.smtp.envelope import mail_server_route
from mxward.smtp.phases import Phase
from mxward.smtp.replies import Reply, reply
from mxward.smtp.route import Lost
from mxward.smtp.session import Session
from mxward.smtp.steps import Answer
from mxward.smtp.vocabulary import Log

__all__ = ["Exchange"]

_NO_BASE64 = reply(501, "5.5.2 That is no base64")


class Exchange:
    """One exchange at a time."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._mechanism = ""
        self._lines = 0
        self._instead: Reply | None = None  # what the client is told where we have cancelled it

    def begin(self, mechanism: str, line: str) -> list[Answer | Lost]:
        """AUTH: `line` is the mechanism, with the initial response where there is one."""
        session = self._session
        self._mechanism, self._lines, self._instead = mechanism, 0, None
        session.phase = Phase.AUTH
        route = mail_server_route(session.client, session.settings)
        return session.delivery.auth(route, line)

    def on_line(self, line: bytes) -> None:
        """The client's part."""
        if not self._session.delivery.connected:  # it went while the client thought
            self._end(NO_AUTH)
            return
        self._lines += 1
        if not is_response(line) or self._lines > MOST_LINES:
            self._instead = _NO_BASE64
            line = b"*"
        self._session.phase = Phase.AUTH
        self._session.delivery.auth_line(line)

    def on_answer(self, answer: Reply) -> bool:
        """The mail server's part; whether the client has failed."""
        session = self._session
        if session.phase is not Phase.AUTH:
            return False
        if answer.code == 334 and self._instead is None:
            session.phase = Phase.AUTH_LINE
            session.say(answer)
            return False
        if answer.code in (235, 334) and self._instead is not None:
            session.delivery.abort()  # a cancelled exchange that goes on: out of step
        if answer.code == 235 and self._instead is None:
            session.client.authenticated = self._mechanism
        said = self._instead or answer
        self._end(said)
        return said.code >= 500

    def on_lost(self) -> None:
        """The mail server is gone. Where it is the client's turn, it is told behind its line."""
        if self._session.phase is Phase.AUTH:
            self._end(self._instead or NO_AUTH)

    def _end(self, said: Reply) -> None:
        self._session.phase = Phase.COMMAND
        self._session.say(said)
        self._log(said)

    def _log(self, answer: Reply) -> None:
        """That somebody has authenticated, or not, is told; the mail server's log has the name."""
        peer = self._session.client.peer
        fields = {
            "id": peer.id,
            "client": peer.client,
            "mechanism": self._mechanism,
            "reply": answer.code,
        }
        self._session.effects.append(Log("auth", fields))
