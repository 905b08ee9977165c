"""Asks the mail server what it offers, so that the first client is already offered it."""

from __future__ import annotations

import asyncio

from mxward import networks
from mxward.proxy.shared import Shared
from mxward.smtp import ProtocolError
from mxward.smtp.extensions import Extensions
from mxward.smtp.hop import Broken, Greeted, Hop
from mxward.smtp.identity import Peer, header
from mxward.smtp.vocabulary import Log

__all__ = ["learn"]

PAUSE = 10.0
"""Seconds between tries while the mail server does not answer."""
PATIENCE = 30.0


async def learn(shared: Shared) -> None:
    """Try until the mail server has said its EHLO, here or to any session."""
    while not shared.mail_server.keywords:
        try:
            async with asyncio.timeout(PATIENCE):
                shared.mail_server = await _ask(shared)
            return
        except (OSError, TimeoutError, ProtocolError) as why:
            fields = {"upstream": shared.mail_endpoint, "why": str(why) or "no answer in time"}
            shared.log(Log("mail-server-silent", fields, loud=True))
        await asyncio.sleep(PAUSE)


async def _ask(shared: Shared) -> Extensions:
    endpoint = shared.mail_endpoint
    reader, writer = await asyncio.open_connection(str(endpoint.address), endpoint.port)
    try:
        here, there = writer.get_extra_info("sockname"), writer.get_extra_info("peername")
        peer = Peer(networks.address(here[0]), here[1], networks.address(there[0]), there[1], "")
        hop = Hop(shared.settings.hostname, header(shared.settings.identity, peer))
        while not hop.ready:
            writer.write(hop.take_outgoing())
            heard = await reader.read(4096)
            if not heard:
                raise ProtocolError("closed the connection")
            for outcome in hop.receive(heard):
                if isinstance(outcome, Broken):
                    raise ProtocolError(outcome.why)
                if not isinstance(outcome, Greeted):
                    raise ProtocolError(f"answered {outcome.reply}")
        hop.quit()
        writer.write(hop.take_outgoing())
        return hop.extensions
    finally:
        writer.close()
