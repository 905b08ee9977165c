"""How words are read of which only some mean anything: `identity = "proxy-v2"`.

Every reader raises ValueError with one line that says what is wrong and what to write instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from enum import StrEnum

from mxward.audit.services import Nature
from mxward.config.problems import quoted
from mxward.model import Stage
from mxward.smtp.content import Newlines
from mxward.smtp.identity import Identity
from mxward.smtp.secrecy import Auth, Tls


class LogFormat(StrEnum):
    """How a decision is logged."""

    LOGFMT = "logfmt"
    JSON = "json"


class TlsVersion(StrEnum):
    """The oldest TLS that a client may speak."""

    V1_2 = "1.2"
    V1_3 = "1.3"


class Layout(StrEnum):
    """Where the mail servers are whose connections are intercepted."""

    NONE = "none"
    HOST = "host"
    GATEWAY = "gateway"


class Method(StrEnum):
    """How the kernel hands a connection over."""

    TPROXY = "tproxy"
    REDIRECT = "redirect"


class Fail(StrEnum):
    """What becomes of the intercepted ports while mxward does not answer."""

    CLOSED = "closed"
    OPEN = "open"


class Answered(StrEnum):
    """What a mail server is answered when `mxward policyd` fails itself."""

    DUNNO = "dunno"
    DEFER = "defer"


def _choice(names: Sequence[str], value: object, what: str) -> str:
    if isinstance(value, str) and value in names:
        return value
    near = get_close_matches(value, names, n=1) if isinstance(value, str) else []
    mend = quoted(near[0]) if near else " or ".join(map(quoted, names))
    raise ValueError(f"{quoted(value)} is no {what}; write {mend}")


def identity(value: object) -> Identity:
    """A way to tell the mail server who the client is."""
    return Identity(_choice(list(Identity), value, "way to tell the client"))


def log_format(value: object) -> LogFormat:
    """How the log is written."""
    return LogFormat(_choice(list(LogFormat), value, "log format"))


def stage(value: object) -> Stage:
    """A stage, by its name."""
    return Stage(_choice(list(Stage), value, "stage"))


def enforced_stage(value: object) -> Stage:
    """A stage that changes something."""
    stages = [stage for stage in Stage if stage is not Stage.OBSERVE]
    return Stage(_choice(stages, value, "stage that does anything"))


def tls(value: object) -> Tls:
    """What is asked of TLS towards an upstream."""
    return Tls(_choice(list(Tls), value, "way to use TLS"))


def tls_version(value: object) -> TlsVersion:
    """The oldest TLS version that is spoken."""
    return TlsVersion(_choice(list(TlsVersion), value, "TLS version that is spoken"))


def auth(value: object) -> Auth:
    """When AUTH is offered."""
    return Auth(_choice(list(Auth), value, "time to offer AUTH"))


def newlines(value: object) -> Newlines:
    """What becomes of stray CR and LF."""
    return Newlines(_choice(list(Newlines), value, "way to treat stray line ends"))


def nul(value: object) -> bool:
    """Whether NUL octets may pass."""
    return _choice(["reject", "pass"], value, "way to treat NUL") == "pass"


def layout(value: object) -> Layout:
    """Where the mail servers are."""
    return Layout(_choice(list(Layout), value, "layout"))


def method(value: object) -> Method:
    """How the kernel hands a connection over."""
    return Method(_choice(list(Method), value, "way to intercept"))


def nature(value: object) -> Nature:
    """What a service does with mail."""
    return Nature(_choice(list(Nature), value, "kind of service"))


def answered(value: object) -> Answered:
    """What a mail server is answered when nothing can be decided."""
    return Answered(_choice(list(Answered), value, "answer"))


def fail(value: object) -> Fail:
    """What becomes of the ports while mxward does not answer."""
    return Fail(_choice(list(Fail), value, "way to fail"))
