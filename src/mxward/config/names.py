"""How domains and host names are read: text in, their normal spelling out.

Every reader raises ValueError with one line that says what is wrong and what to write instead.
"""

from __future__ import annotations

import re

from mxward.config.problems import quoted
from mxward.config.values import is_address, text_of
from mxward.domains import normal

# What the kernel allows, without the few that mean something to nft within quotes.
_INTERFACE = re.compile(r"""(?!\.{1,2}\Z)[!#-)+-.0-9;-\[\]-~]{1,15}""")
_LOCAL = re.compile(r"[A-Za-z0-9_+=-]+(?:\.[A-Za-z0-9_+=-]+)*")
_COUNTRY_SECOND_LEVEL = re.compile(r"(ac|co|com|edu|gov|net|org)\.[a-z]{2}")


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


def certificate_name(value: object) -> str:
    """A DNS name of a certificate, or `*.example.net` for all below one."""
    text = text_of(value, "relay.example.com")
    if is_address(text) or "@" in text:
        raise ValueError(
            f"{quoted(text)} is no name; write the certificate's DNS name, "
            'as in "relay.example.com"'
        )
    if text == "*":
        raise ValueError('"*" would be anybody who has a certificate; write each name')
    name = domains(text)
    if "." not in name.removeprefix("*."):
        raise ValueError(f'{quoted(text)} is not a whole name; write one like "relay.example.com"')
    return name


def label(value: object) -> str:
    """What stands before a domain in the name of a host: `mail`, `old.mail`."""
    text = text_of(value, "mail")
    try:
        name = normal(f"{text}.example.com").removesuffix(".example.com")
    except ValueError:
        raise ValueError(f'{quoted(text)} cannot stand before a domain; write "mail"') from None
    if text.lower().endswith((".com", ".net", ".org")):
        raise ValueError(
            f'{quoted(text)} is a whole name; write only what stands before the domain: "mail"'
        )
    return name


def mailbox(value: object) -> str:
    """A mailbox that a server could write back to."""
    text = text_of(value, "audit@example.com")
    local, at, host = text.rpartition("@")
    if not at or not _LOCAL.fullmatch(local):
        raise ValueError(f'{quoted(text)} is no mailbox; write one like "audit@example.com"')
    return f"{local}@{domain(host)}"


def interface(value: object) -> str:
    """The name of a network interface, as `ip link` shows it."""
    text = text_of(value, "eth0")
    if text == "lo":
        raise ValueError('"lo" is this machine by itself; write by which clients come in: "eth0"')
    if not _INTERFACE.fullmatch(text):
        raise ValueError(
            f"{quoted(text)} is no name of a network interface; "
            'write one that `ip link` shows: "eth0"'
        )
    return text
