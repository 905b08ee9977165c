"""What mxward asks the mail server before any client comes."""

from __future__ import annotations

import asyncio
from ipaddress import ip_address

import uvloop

from mxward.proxy.learning import learn
from mxward.smtp.extensions import Extensions
from mxward.smtp.identity import Identity
from mxward.smtp.vocabulary import Endpoint
from tests.proxy.bed import MAIL_SERVER, bed


def learned(
    *keywords: str, identity: Identity = Identity.NONE, before: str = ""
) -> tuple[bool, str]:
    """Whether STARTTLS was found, and the log; a session may have heard something `before`."""
    reply = "".join(f"250-{word}\r\n" for word in ("mail.test", *keywords)) + "250 HELP\r\n"

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.test\r\n")
        await reader.readline()
        writer.write(reply.encode())
        await reader.read()
        writer.close()

    async def main() -> tuple[bool, str]:
        server = await asyncio.start_server(serve, MAIL_SERVER, 0)
        endpoint = Endpoint(ip_address(MAIL_SERVER), server.sockets[0].getsockname()[1])
        async with bed() as stand:
            stand.set(mail_server=endpoint, identity=identity)
            if before:
                stand.shared.learned(stand.shared.mail_server, Extensions({before: ""}))
            found = await asyncio.wait_for(learn(stand.shared), 10)
            assert set(keywords) <= set(stand.shared.mail_server.offers.mail_server.keywords)
            server.close()
            return found, stand.logged()

    return uvloop.run(main())


def test_starttls_is_found() -> None:
    assert learned("SIZE", "STARTTLS") == (True, "")
    assert learned("SIZE") == (False, "")


def test_starttls_is_found_also_where_a_session_within_tls_was_first() -> None:
    assert learned("STARTTLS", before="8BITMIME") == (True, "")


def test_a_missing_xclient_is_told_before_any_mail_is_deferred_for_it() -> None:
    assert learned("XCLIENT", identity=Identity.XCLIENT) == (False, "")
    _, log = learned("SIZE", identity=Identity.XCLIENT)
    assert "level=loud" in log
    assert 'why="XCLIENT is not offered to mxward"' in log
