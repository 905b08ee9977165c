"""How single values are read: text in, the model's nouns out.

Every reader raises ValueError with one line that says what is wrong and what to write instead.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from ipaddress import ip_interface

from mxward import networks
from mxward.config.problems import quoted
from mxward.networks import Address, Network

_WIDEST_SCANNER = {4: 8, 6: 20}


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
    if "%" in text:
        return f'{quoted(text)} has a zone; write it without, as in "fe80::/64"'
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


# -- dates, text ------------------------------------------------------------------------------


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
