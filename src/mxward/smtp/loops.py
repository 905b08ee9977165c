"""Whether a message that is to be sent on to a scanner comes from there already."""

from __future__ import annotations

from collections.abc import Sequence

from mxward.networks import Address
from mxward.smtp.headers import HeaderWatch
from mxward.smtp.rerouting import LoopMemory, Mark

__all__ = ["LoopWatch"]


class LoopWatch:
    """Looks at one rerouted message as it streams by."""

    def __init__(
        self,
        mark: Mark,
        memory: LoopMemory,
        sender: str,
        recipients: Sequence[str],
        client: Address,
    ) -> None:
        self._mark = mark
        self._memory = memory
        self._sender = sender
        self._recipients = recipients
        self._client = client
        self._header = HeaderWatch()

    def looped(self, block: bytes, ended: bool, now: float) -> bool:
        """Take what goes upstream; True once, when its header shows that it has been there."""
        whole = self._header.feed(block)
        if not whole and ended:
            whole = self._header.finish()
        if not whole:
            return False
        if self._mark.found_in(self._header.header, self._recipients):
            return True
        message_id = self._header.message_id
        return bool(message_id) and any(
            self._memory.looped(message_id, self._sender, recipient, self._client, now)
            for recipient in self._recipients
        )

    def taken_over(self, now: float) -> None:
        """The scanner has accepted the message."""
        for recipient in self._recipients:
            self._memory.remember(
                self._header.message_id, self._sender, recipient, self._client, now
            )
