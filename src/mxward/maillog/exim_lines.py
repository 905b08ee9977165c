"""The shapes of Exim's log lines, as receive.c, smtp_in.c, deliver.c and log.c write them.

Checked against 4.72 to 4.99. All are over octets and anchored; a sender's words stand either
between delimiters that they cannot contain, or make the line match nothing. What Exim escapes is
little: senders, recipients, HELOs and the inside of `DN=""` come as they are, and older versions
write `SNI=""` likewise. So no field but `T=`, `id=` and `DN=` may contain a quotation mark, and
`A=` stands in its one place only: what is forged inside a quotation leaves an odd mark behind.

What may be missing is written `(?:...|)`: for a third less time than `(?:...)?` takes.
"""

from __future__ import annotations

import re

__all__ = [
    "ABOUT",
    "ADDRESS",
    "AMBIGUOUS",
    "ARRIVAL",
    "BRACKETED",
    "DATED",
    "DELIVERY",
    "HOST",
    "HOST_FIRST",
    "INTERFACE",
    "MESSAGE",
    "ORIGINAL",
    "PASTED",
    "PLACE",
    "PLAIN_DELIVERY",
    "QUOTED",
    "RECIPIENT",
    "REFUSED",
    "REFUSED_LATE",
    "REJECTED",
]

QUOTED = rb'"[^"\\]*(?:\\.[^"\\]*)*"'
ADDRESS = rb'(?:%s@|)[^ "<>]+|<>' % QUOTED
ONE_RECIPIENT = rb'(?:%s|[^ "<>@\n]+)@[^ "<>\n]+' % QUOTED
RECIPIENT = re.compile(ONE_RECIPIENT)
BRACKETED = rb'<((?:%s@|)[^<>" ]*)>' % QUOTED

MESSAGE = rb"[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}-[0-9A-Za-z]{2}|[0-9A-Za-z]{11}-[0-9A-Za-z]{4})"
"""Ids of messages; those of 4.97 are longer."""

DATED = re.compile(rb"([0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}(?:[.][0-9]+|)(?: [-+][0-9]{4}|)) ")
"""When it was, and the blank after it."""
ABOUT = re.compile(
    rb"(?:\[[0-9]+\] |)(?:(%s) |)(?:(Completed(?![^ ])|[-<=>(*]{2}(?= ))|)" % MESSAGE
)
"""Which message, and what kind of line, where a mark says so. Everything begins so."""

# A name, what the client said (its literal has brackets of its own), its address and port.
HOST = (
    rb"(?:([^ ()\[\]]+) |)(?:\((\[[0-9A-Za-z.:]*\]|[^()\[\]]*)\) |)"
    rb"\[([0-9A-Fa-f.:]+)\](?::([0-9]{1,5})|)"
)
INTERFACE = rb"(?: I=\[([0-9A-Fa-f.:]+)\](?::([0-9]{1,5})|)|)"
IDENT = rb'(?: U=[^="]+?|)(?: Ci=[^ "]+|)'
TLS = rb'(?: X=([^ "]+)|)(?: CV=([^ "]+)|)(?: DN="([^"]*)"|)(?: SNI=(?:[^ "]+|"[^"]*")|)'
OTHER = rb'(?: (?:[A-Z][A-Za-z0-9]+|[KQ])(?:=[^ "]+|))*'
CHECKED = rb'(?: (?:SPF|DMARC)(?:=[^ "]+|))*'

_ARRIVAL = (
    rb" (%s)(?: R=[^ ]+|)(?: DS|)(?: H=%s%s|)(?: TFO[*]?|)%s"
    rb' P=([^ "]+)(?: L[*.]?-?|)%s%s(?: A=([^ "]+)|)%s S=([0-9]{1,18})%s'
    rb'(?: id[*]?=(?:%s@|)[^ "]+|)'
) % (ADDRESS, HOST, INTERFACE, IDENT, CHECKED, TLS, OTHER, OTHER, QUOTED)
_END = rb'(?: from(?: <(?:%s@|)[^<>"]*>|)|)(?: +for (%s(?: %s)*)|)\Z' % (
    QUOTED,
    ONE_RECIPIENT,
    ONE_RECIPIENT,
)
_SUBJECT = rb'(?: T="([^"\\]*(?:\\.[^"\\]*)*)"|)'
ARRIVAL = re.compile(_ARRIVAL + _SUBJECT + _END, re.DOTALL)
PASTED = re.compile(
    _ARRIVAL + rb'(?: T=\xe2\x80[\x9c\x9d]([^"]*?)\xe2\x80[\x9c\x9d]|)' + _END, re.DOTALL
)
"""As a web page prints it: typographic quotation marks, and none of the other ones."""

_CLOSED = rb"\) \[[0-9A-Fa-f.:]+\]"
AMBIGUOUS = re.compile(rb"%s.*%s.*(?: P=| F=<| rejected)" % (_CLOSED, _CLOSED), re.DOTALL)
"""Two clients: one of them stands in what the other one said. For lines with two `) [`."""

_DOMAIN = rb'(?:\[[^]\[ "<>]*\]|[^ "<>:\n]+)'
_ORIGINAL = rb'(?:%s|[^ "<>@\n]+)@%s' % (QUOTED, _DOMAIN)
_PLACE = rb'(?:(%s)|:[a-z]+:|[|/>][^<>]*?|save [^<>]*?|[^ "<>@()]+)(?: \([^<>()]*\)|)' % _ORIGINAL
_AFTER = rb"(?=\Z| [FQPRT]=|:| :| routing| defer \()"
PLACE = re.compile(_PLACE, re.DOTALL)
ORIGINAL = re.compile(rb" <(%s)>%s" % (_ORIGINAL, _AFTER), re.DOTALL)
DELIVERY = re.compile(rb" %s(?: <(%s)>|)%s" % (_PLACE, _ORIGINAL, _AFTER), re.DOTALL)
"""Where it went, and whom it was for if that is another; either by itself, and both."""
PLAIN_DELIVERY = re.compile(rb' [^ <>"|/:()@]+(?:@[^ <>"|/:()]+|) <([^ <>"@]+@[^ <>":]+)> [FQPRT]=')
"""Both, as they are for most; whom it was for, and half the time."""

REJECTED = re.compile(
    rb"(?: ?DS ?|)H=%s%s%s%s(?: F=%s(?: A=([^ \"]+)|)|)%s (?:(temporarily )|)rejected (.*)\Z"
    % (HOST, INTERFACE, IDENT, TLS, BRACKETED, CHECKED),
    re.DOTALL,
)
REFUSED = re.compile(
    rb"(?:(temporarily )|)(?:(?:rejected|refused) (EHLO|HELO|MAIL|connection)|[Cc]onnection) from "
    rb"(?:H=|)%s%s%s(?:(?=:)|(?= )| refused)[: ]*(.*)\Z" % (HOST, INTERFACE, IDENT),
    re.DOTALL,
)
REFUSED_LATE = re.compile(
    rb"rejected (?:from |MAIL FROM:)%s(?: ?H=%s%s|)(?: ?U=[^=\"]+?|): (.*)\Z"
    % (BRACKETED, HOST, INTERFACE),
    re.DOTALL,
)
"""What is found wrong with a message itself: too big (it says, or is), too many `Received:`."""

HOST_FIRST = re.compile(rb"(?: ?DS ?|)H=%s[*]?%s%s" % (HOST, INTERFACE, IDENT), re.DOTALL)
