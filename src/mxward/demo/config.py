"""mxward's configuration in the miniature internet: what an operator would write, and little more.

`reroute_port` and `addresses` are there because the demo lives on loopback: on a real mail host
the MX hosts listen on port 25, and mxward knows the mail server's address from its connections.
"""

from __future__ import annotations

from pathlib import Path

from mxward.demo.block import Block
from mxward.demo.zone import DOMAINS

__all__ = ["CONTACT", "HOSTNAME", "intercepting", "inventory", "toml"]

HOSTNAME = "mail.hosting.example"
CONTACT = "postmaster@hosting.example"

_SERVER = """\
[server]
hostname = "{hostname}"
listen = ["{mail}:{smtp}"]
upstream = "{upstream}:{smtp}"
identity = "{identity}"
addresses = ["{mail}"]
reroute_source = ["{mxward}"]
reroute_port = {smtp}
contact = "{contact}"
"""
_INTERCEPTING = """\
[server]
hostname = "{hostname}"
identity = "transparent"
reroute_source = ["{mxward}"]
contact = "{contact}"

[intercept]
layout = "host"
interfaces = ["wan"]
servers = ["{mail}"]
state = "{folder}/intercept.json"

[tls]
hide_starttls = true
"""
_REST = """\

[inventory]
files = ["{folder}/localdomains"]

[policy]
stage = "{stage}"

[stages]
observe = ["watched.example"]

[scanners.cleanmail]
mx = ["cleanmail.example"]
addresses = ["{clean1}", "{clean2}", "{clean_down}"]
egress = ["{cleanmail}"]
knows_us = true

[scanners.puremail]
mx = ["puremail.example"]
addresses = ["{pure1}"]
spf = ["_spf.puremail.example"]
knows_us = true

[[trust]]
network = "{printer}"
recipients = ["it.co.za"]
owner = "anna"
note = "the printer on floor 2"

[[trust]]
name = "crm.vanity.example"
recipients = ["vanity.example"]
owner = "shaun"
note = "the customer database"

[dns]
servers = ["{dns}:{dns_port}"]
timeout = 1.0

[store]
path = "{folder}/store.db"
"""


def toml(block: Block, folder: Path, stage: str, identity: str) -> str:
    """The configuration for one stage; `identity` says how the mail server learns the client."""
    upstream = block["mailboxes_plain" if identity == "none" else "mailboxes"]
    told = {"upstream": upstream, "identity": identity}
    return (_SERVER + _REST).format_map(_values(block, folder, stage) | told)


def intercepting(block: Block, folder: Path, stage: str) -> str:
    """The configuration where mxward takes over the connections of the mail server's machine."""
    return (_INTERCEPTING + _REST).format_map(_values(block, folder, stage))


def _values(block: Block, folder: Path, stage: str) -> dict[str, object]:
    return {
        **block.addresses(),
        "hostname": HOSTNAME,
        "contact": CONTACT,
        "smtp": block.smtp,
        "dns_port": block.dns,
        "stage": stage,
        "folder": folder,
    }


def inventory() -> str:
    """The inventory's file: one domain a line."""
    return "# the domains of the demo\n" + "".join(f"{domain}\n" for domain in DOMAINS)
