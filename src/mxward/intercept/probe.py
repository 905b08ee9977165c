"""Whether the proxy answers: asked as a client would, at its port for intercepted connections."""

from __future__ import annotations

import asyncio
import contextlib

__all__ = ["PATIENCE", "probe"]

PATIENCE = 2.0
"""Seconds for a greeting."""
_GREETINGS = (b"220", b"421")  # being full is no sign of being hung


async def probe(port: int, patience: float = PATIENCE) -> str:
    """Why the proxy does not answer; nothing where it does."""
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                greeting = await reader.readline()
                writer.write(b"QUIT\r\n")
            finally:
                writer.close()
    except TimeoutError:
        return f"no greeting within {patience:g} seconds"
    except ValueError:  # a line without end
        return "greets with anything but 220 or 421"
    except ConnectionRefusedError:
        return f"nobody listens on port {port}"
    except OSError as error:
        return f"port {port}: {error.strerror or error}"
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    if greeting.startswith(_GREETINGS):
        return ""
    return "greets with anything but 220 or 421" if greeting else "closes without a greeting"
