"""A mail server as its clients' sessions know it: where it is, and what it offers."""

from __future__ import annotations

import asyncio
from math import inf

from mxward.smtp.extensions import Extensions
from mxward.smtp.offers import Offers
from mxward.smtp.settings import Settings
from mxward.smtp.vocabulary import Endpoint

__all__ = ["MailServer"]


class MailServer:
    """One of those that are served; `heard` where it has said what it offers."""

    __slots__ = ("asked_at", "asking", "heard", "offers", "settings")

    def __init__(self, settings: Settings, former: MailServer | None = None) -> None:
        """It goes on with what a `former` one has learned of the same mail server."""
        self.settings = settings
        if former is not None and former.endpoint != self.endpoint:
            former = None
        known = former.offers.mail_server if former else Extensions()
        self.offers: Offers = Offers(settings, known)
        self.heard: bool = former is not None and former.heard
        self.asking: asyncio.Task[None] | None = None
        self.asked_at = -inf  # by the loop's clock

    @property
    def endpoint(self) -> Endpoint:
        return self.settings.mail_server

    def learned(self, extensions: Extensions) -> None:
        """It has said what it offers: so will we."""
        self.heard = True
        known = self.offers.mail_server
        if extensions is not known and extensions != known:
            self.offers = Offers(self.settings, extensions)
