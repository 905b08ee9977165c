"""The names that anybody would try first, and the one that nobody would."""

from __future__ import annotations

__all__ = ["ENDPOINTS", "GUESSES", "endpoint"]

GUESSES = (
    "mail",
    "smtp",
    "www",
    "webmail",
    "mx",
    "mx1",
    "mail1",
    "mail2",
    "imap",
    "pop",
    "pop3",
    "ftp",
    "cpanel",
    "whm",
    "webdisk",
    "cpcontacts",
    "cpcalendars",
    "autodiscover",
    "autoconfig",
    "owa",
    "exchange",
    "remote",
    "relay",
)
"""What stands before a domain, besides nothing: mail servers, and what control panels make."""

ENDPOINTS = "mail.protection.outlook.com"
_LONGEST_LABEL = 63


def endpoint(domain: str) -> str:
    """Microsoft 365's own name for a domain's mailboxes, where it has them; "" where it cannot be.

    It takes mail whatever the MX says. Of an internationalised domain such a label is no A-label.
    """
    label = domain.replace(".", "-")
    cannot_be = len(label) > _LONGEST_LABEL or "xn--" in label
    return "" if cannot_be else f"{label}.{ENDPOINTS}"
