"""The shapes of Postfix's log lines."""

from __future__ import annotations

import re

__all__ = ["OF_POSTFIX"]

OF_POSTFIX = re.compile(
    rb"postfix(?:[^/]*\Z|[^/]*/)|(?:[^/]+/)+(?:smtpd|cleanup|qmgr|pickup|bounce|postscreen|smtp|lmtp|local|virtual|pipe|error|discard)\Z"
)
