"""Dovecot as the judge of names and passwords, for Postfix and Exim (its auth protocol, over TCP).

Mechanisms: PLAIN, LOGIN, CRAM-MD5, SCRAM-SHA-1, SCRAM-SHA-256, and XOAUTH2 with tokens that `token`
makes. Not here: IMAP, POP3, mailboxes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import socket
import time
from collections.abc import Mapping
from pathlib import Path

from tests.integration.servers import room
from tests.integration.servers.server import Server

__all__ = ["Dovecot"]

_CONFIGURATION = """\
base_dir = /srv/run
state_dir = /srv/state
log_path = /dev/stderr
libexec_dir = /opt/usr/lib/dovecot
import_environment = LD_LIBRARY_PATH={libraries}
protocols =
ssl = no
listen = {address}
disable_plaintext_auth = no
auth_failure_delay = 0
auth_mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256 xoauth2
passdb {{
  driver = passwd-file
  mechanisms = plain login cram-md5 scram-sha-1 scram-sha-256
  args = scheme=PLAIN /srv/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = /srv/oauth2
}}
userdb {{
  driver = static
  args = uid=61004 gid=61004 home=/
}}
service auth {{
  inet_listener {{
    address = {address}
    port = {port}
  }}
}}
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
"""
_OAUTH2 = """\
introspection_mode = local
local_validation_key_dict = fs:posix:prefix=/srv/keys/
username_attribute = sub
"""


class Dovecot(Server):
    """Knows `users`: names and their passwords."""

    def __init__(
        self, directory: Path, address: str, port: int, *, users: Mapping[str, str]
    ) -> None:
        super().__init__(directory, address, port)
        self.users = users
        self._key = os.urandom(32)

    def configure(self) -> list[str]:
        libraries = room.environment()["LD_LIBRARY_PATH"]
        text = _CONFIGURATION.format(libraries=libraries, address=self.address, port=self.port)
        users = "".join(f"{user}:{password}::::::\n" for user, password in self.users.items())
        conf = "etc/dovecot/dovecot.conf"  # some of its programs look nowhere else
        (self.directory / conf).parent.mkdir(parents=True, exist_ok=True)
        for name, content in ((conf, text), ("oauth2", _OAUTH2), ("users", users)):
            (self.directory / name).write_text(content)
        key = self.directory / "keys" / "default" / "HS256" / "default"
        key.parent.mkdir(parents=True, exist_ok=True)
        key.write_bytes(base64.b64encode(self._key))
        # dovecot would look for doveconf in /usr/bin; this is how doveconf starts it again.
        doveconf = ["/opt/usr/bin/doveconf", "-f", "service=master", "-m", "master"]
        return [*doveconf, "-c", f"/{conf}", "-e", "/opt/usr/sbin/dovecot", "-F"]

    def answers(self) -> bool:
        with socket.create_connection((self.address, self.port), timeout=1) as connection:
            return connection.recv(512).startswith(b"VERSION")

    def token(self, user: str) -> str:
        """A bearer token for a user, good for an hour."""
        now = int(time.time())
        claims = {"sub": user, "iat": now - 60, "exp": now + 3600}
        text = ".".join(map(_text, ({"alg": "HS256", "typ": "JWT"}, claims)))
        seal = hmac.digest(self._key, text.encode(), hashlib.sha256)
        return f"{text}.{_url(seal)}"


def _text(value: object) -> str:
    return _url(json.dumps(value).encode())


def _url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).decode().rstrip("=")
