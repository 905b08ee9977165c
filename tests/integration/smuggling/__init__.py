r"""Everything that was ever used to slip mail past a server that stands before another.

Each case is what one client sends, piece by piece, from its first word on. Somewhere in it there is
hidden mail: commands within a message, behind what some server takes for its end, or within another
command. Hidden mail asks for one mailbox that is guarded, and one that is open to everybody. The
situations are those of SEC Consult's SMTP smuggling scanner, of smtpsmug, and of the advisories of
Postfix, Exim and Sendmail (CVE-2023-51764, -51765, -51766), and what a second reader of BDAT, of
command lines, of STARTTLS, XCLIENT and PROXY could take for something else.
"""

from __future__ import annotations

from tests.integration.smuggling import chunks, commands, ends
from tests.integration.smuggling.case import ALL, GUARDED, HELLO, NONE, OPEN, Case, Taken, as_chunks
from tests.integration.smuggling.ends import LOOKALIKES, MESSAGES

__all__ = [
    "ALL",
    "CASES",
    "GUARDED",
    "HELLO",
    "LOOKALIKES",
    "MESSAGES",
    "NONE",
    "OPEN",
    "Case",
    "Taken",
    "as_chunks",
]

CASES: dict[str, Case] = dict(
    each for group in (*ends.GROUPS, *chunks.GROUPS, *commands.GROUPS) for each in group()
)
