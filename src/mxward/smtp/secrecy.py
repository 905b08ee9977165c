"""Where TLS is wanted (RFC 3207), and where passwords may go (RFC 4954)."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Auth", "Tls"]


class Tls(StrEnum):
    """TLS towards an upstream."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    """Where it is offered and works, whoever shows the certificate; else in the clear."""
    VERIFIED = "verified"
    """With a certificate that is right for its name, or not at all."""


class Auth(StrEnum):
    """When a client is offered AUTH."""

    TLS = "tls"
    ALWAYS = "always"
    NEVER = "never"
