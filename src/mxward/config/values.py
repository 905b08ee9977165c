"""How single values are read: text in, the model's nouns out.

Every reader raises ValueError with one line that says what is wrong and what to write instead.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from difflib import get_close_matches
from enum import StrEnum
from ipaddress import ip_interface

from mxward import networks
from mxward.config.problems import quoted
from mxward.domains import normal
from mxward.model import Stage
from mxward.networks import Address, Network
from mxward.smtp.identity import Identity

_COUNTRY_SECOND_LEVEL = re.compile(r"(ac|co|com|edu|gov|net|org)\.[a-z]{2}")
_WIDEST_SCANNER = {4: 8, 6: 20}


class LogFormat(StrEnum):
    """How a decision is logged."""

    LOGFMT = "logfmt"
    JSON = "json"


def text_of(value: object, example: str) -> str:
    if not isinstance(value, str):
        raise ValueError(f'{quoted(value)} is no text; write it in quotes, as in "{example}"')
    return value


def is_address(text: str) -> bool:
    try:
        networks.address(text)
    except ValueError:
        return False
    return True


# -- addresses and networks -------------------------------------------------------------------


def address(value: object) -> Address:
    """An address that a host can have."""
    text = text_of(value, "192.0.2.25")
    try:
        found = networks.address(text)
    except ValueError:
        raise ValueError(_no_address(text)) from None
    if found.is_unspecified:
        raise ValueError(f"{quoted(text)} stands for any address; write each address")
    return found


def _no_address(text: str) -> str:
    if "/" in text:
        return f"{quoted(text)} is a network; write each address by itself"
    host, _, port = text.strip("[").replace("]", "").rpartition(":")
    if port.isdigit() and is_address(host):
        return f'{quoted(text)} has a port; write "{host}"'
    return f'{quoted(text)} is no address; write one like "192.0.2.25" or "2001:db8::25"'


def network(value: object) -> Network:
    """A network or a single address, without host bits."""
    text = text_of(value, "192.0.2.0/24")
    try:
        return networks.network(text)
    except ValueError:
        raise ValueError(_no_network(text)) from None


def _no_network(text: str) -> str:
    try:
        inside = ip_interface(text)
    except ValueError:
        return f'{quoted(text)} is no network; write one like "192.0.2.0/24" or "192.0.2.7"'
    return (
        f'{quoted(text)} has bits set beyond its prefix; write "{inside.network}", '
        f'or "{inside.ip}" for the one address'
    )


def trusted_network(value: object) -> Network:
    """A network that may be trusted: none wider than /16 (IPv6 /32)."""
    net = network(value)
    if networks.too_wide(net):
        raise ValueError(
            f"{quoted(value)} is wider than /{networks.WIDEST[net.version]}: "
            f"{_hosts(net)} could use the back door; write the networks that need to"
        )
    return net


def scanner_network(value: object) -> Network:
    """A network that a scanner uses: wide, for some are, but not half the internet."""
    net = network(value)
    widest = _WIDEST_SCANNER[net.version]
    if net.prefixlen < widest:
        raise ValueError(
            f"{quoted(value)} is wider than /{widest}: {_hosts(net)} would pass as the scanner; "
            f"write the networks it delivers from"
        )
    return net


def _hosts(net: Network) -> str:
    return f"{net.num_addresses:,} addresses" if net.version == 4 else "all its addresses"


# -- names ------------------------------------------------------------------------------------


def domain(value: object) -> str:
    """A domain in its normal spelling."""
    text = text_of(value, "example.com")
    if "@" in text:
        raise ValueError(f'{quoted(text)} is a mailbox; write "{text.rpartition("@")[2]}"')
    if is_address(text):
        raise ValueError(f'{quoted(text)} is an address; write a name like "example.com"')
    try:
        return normal(text)
    except ValueError:
        raise ValueError(f'{quoted(text)} is no domain; write one like "example.com"') from None


def domains(value: object) -> str:
    """A domain, or `*.example.com` for everything below one."""
    text = text_of(value, "example.com")
    if text == "*":
        raise ValueError('"*" is no domain; to mean every domain, leave the list out')
    if text.startswith("."):
        raise ValueError(f'{quoted(text)} is no domain; write "*{text}" for all below it')
    if text.startswith("*."):
        return f"*.{domain(text[2:])}"
    return domain(text)


def staged_domains(value: object) -> str:
    """As `domains`, in a list of [stages]."""
    if value == "*":
        raise ValueError('"*" is no domain; the stage of all others is policy.stage')
    return domains(value)


def mx_suffix(value: object) -> str:
    """The end of MX names; never one that strangers share."""
    text = text_of(value, "mx.example.net")
    if text.startswith(("*.", ".")):
        raise ValueError(f'{quoted(text)} is no domain; write "{text.lstrip("*.")}"')
    suffix = domain(text)
    if "." not in suffix or _COUNTRY_SECOND_LEVEL.fullmatch(suffix):
        raise ValueError(
            f"{quoted(text)} would match everybody's MX below it; "
            f'write the scanner\'s own domain, as in "mx.example.{suffix}"'
        )
    return suffix


def client_name(value: object) -> str:
    """A client's forward-confirmed name, or `*.example.net` for all below one."""
    text = text_of(value, "printer.example.com")
    if is_address(text):
        raise ValueError(f'{quoted(text)} is an address; write network = "{text}"')
    name = domains(text)
    if "." not in name.removeprefix("*."):
        raise ValueError(f'{quoted(text)} is not a whole name; write one like "mx.example.net"')
    return name


# -- words, dates, text -----------------------------------------------------------------------


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


def expiry(value: object) -> float:
    """When a date has passed, in seconds since the epoch: at the end of that day, UTC."""
    if isinstance(value, datetime):
        return (value if value.tzinfo else value.replace(tzinfo=UTC)).timestamp()
    if isinstance(value, date):
        return datetime.combine(value, time.min, UTC).timestamp() + 86_400
    raise ValueError(f"{quoted(value)} is no date; write one without quotes, as in 2027-12-31")


def line(value: object) -> str:
    """Text that fits in one line of a reply or a log."""
    text = text_of(value, "...")
    if not text.strip() or not text.isascii() or not text.isprintable() or len(text) > 120:
        raise ValueError(f"{quoted(text)}: write 1 to 120 printable ASCII characters")
    return text.strip()


def note(value: object) -> str:
    """A few words for people."""
    text = text_of(value, "...")
    if not text.strip() or not text.isprintable():
        raise ValueError(f"{quoted(text)}: write a few words, on one line")
    return text.strip()


def word(value: object) -> str:
    """One word of a command."""
    text = text_of(value, "mysql")
    if "\0" in text:
        raise ValueError(f"{quoted(text)}: no command can take a NUL")
    return text


def path(value: object) -> str:
    """A path, or a pattern of paths."""
    text = text_of(value, "/etc/localdomains")
    if not text or "\0" in text:
        raise ValueError(f'{quoted(text)} is no path; write one like "/etc/localdomains"')
    return text
