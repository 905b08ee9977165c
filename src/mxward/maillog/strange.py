"""What is strange about lines that nobody understands, in the words of a report."""

from __future__ import annotations

__all__ = [
    "LONGEST",
    "NOT_AN_ARRIVAL",
    "NOT_A_CLIENT",
    "NOT_A_DELIVERY",
    "NOT_A_REJECTION",
    "NO_BEGINNING",
    "NO_TIME",
    "TOO_LONG",
    "UNKNOWN_TO_EXIM",
    "UNKNOWN_TO_POSTFIX",
    "WRONG_DATE",
]

LONGEST = 65536
"""Octets of a line that is read."""

NOT_AN_ARRIVAL = "looks like an arrival, and is none"
NOT_A_CLIENT = "looks like a client, and is none"
NOT_A_DELIVERY = "looks like a delivery, and is none"
NOT_A_REJECTION = "looks like a rejection, and is none"
WRONG_DATE = "wrong date"
NO_TIME = "does not begin with a time"
NO_BEGINNING = "part of a line whose beginning is missing"
TOO_LONG = "longer than any line of a mail server's"
UNKNOWN_TO_EXIM = "nothing that Exim writes"
UNKNOWN_TO_POSTFIX = "nothing that Postfix writes"
