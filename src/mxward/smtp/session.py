"""What the parts of one session share: the client, what is waited for, and where effects go."""

from __future__ import annotations

from dataclasses import dataclass, field

from mxward.smtp.client import Client
from mxward.smtp.delivery import Delivery
from mxward.smtp.envelope import Envelope
from mxward.smtp.offers import Offers
from mxward.smtp.phases import Phase
from mxward.smtp.replies import Reply
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import Effect, Send

__all__ = ["Session"]


@dataclass(slots=True)
class Session:
    """`now` is set before each event, in seconds since the epoch."""

    client: Client
    settings: Settings
    offers: Offers
    phase: Phase = Phase.COMMAND
    now: float = 0.0
    envelope: Envelope | None = None  # of the transaction that MAIL has begun
    effects: list[Effect] = field(default_factory=list)
    delivery: Delivery = field(init=False)

    def __post_init__(self) -> None:
        self.delivery = Delivery(self.effects)

    def say(self, answer: Reply) -> None:
        """Tell the client."""
        self.effects.append(Send(bytes(answer)))
