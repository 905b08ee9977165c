"""mxward's configuration in the miniature internet: what an operator would write, and little more.

`reroute_port` and `addresses` are there because the demo lives on loopback: on a real mail host
the MX hosts listen on port 25, and mxward knows the mail server's address from its connections.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from mxward.demo.block import Block
from mxward.demo.zone import DOMAINS

__all__ = ["CONTACT", "HOSTNAME", "inventory", "toml"]

HOSTNAME = "mail.hosting.example"
CONTACT = "postmaster@hosting.example"

_TOML = """\
[server]
hostname = "{hostname}"
listen = ["{mail}:{smtp}"]
upstream = "{upstream}:{smtp}"
identity = "{identity}"
addresses = ["{mail}"]
reroute_source = ["{mxward}"]
reroute_port = {smtp}
contact = "{contact}"

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
    values: Mapping[str, object] = {
        **block.addresses(),
        "hostname": HOSTNAME,
        "contact": CONTACT,
        "smtp": block.smtp,
        "dns_port": block.dns,
        "upstream": upstream,
        "identity": identity,
        "stage": stage,
        "folder": folder,
    }
    return _TOML.format_map(values)


def inventory() -> str:
    """The inventory's file: one domain a line."""
    return "# the domains of the demo\n" + "".join(f"{domain}\n" for domain in DOMAINS)
