"""Postfix as the mail server, with Debian's relay settings: it relays for its own host.

Deliveries are fast (no back-off between tries, no limits on clients) and go into one Maildir;
`settings` are lines for main.cf, where a later one replaces an earlier; `services` are lines for
master.cf. Not here: SASL, local users.
"""

from __future__ import annotations

import json
import os
import stat
import subprocess
from pathlib import Path

from tests.integration.servers import room
from tests.integration.servers.mailserver import MailServer

# What comes due in the very second in which it was put off may still be held by its smtp(8): then
# qmgr(8) says "skipped, still being delivered", and looks at it no more. Hence the backoff.
_MAIN = """\
compatibility_level = 3.6
queue_directory = /srv/spool
data_directory = /srv/data
daemon_directory = /opt/usr/lib/postfix/sbin
command_directory = /opt/usr/sbin
shlib_directory = /opt/usr/lib/postfix
meta_directory = /srv
maillog_file = /srv/log
maillog_file_prefixes = /srv
import_environment = MAIL_CONFIG MAIL_LOGTAG POSTLOG_SERVICE POSTLOG_HOSTNAME {environment}
export_environment = {environment}

myhostname = {hostname}
inet_interfaces = {address}
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8 [::ffff:127.0.0.0]/104 [::1]/128
smtpd_relay_restrictions = permit_mynetworks permit_sasl_authenticated defer_unauth_destination
smtpd_peername_lookup = no

virtual_mailbox_domains = texthash:/srv/domains
virtual_mailbox_base = /srv
virtual_mailbox_maps = pcre:/srv/mailboxes
virtual_uid_maps = static:{postfix}
virtual_gid_maps = static:{postfix}
defer_transports = smtp

in_flow_delay = 0
minimal_backoff_time = 3s
maximal_backoff_time = 4s
queue_run_delay = 1s
smtpd_error_sleep_time = 0
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
notify_classes =
"""
_SERVICES = """\
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
smtp unix - - n - - smtp
relay unix - - n - - smtp
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
"""
_TLS = """\
smtpd_tls_security_level = may
smtpd_tls_chain_files = /srv/mx.key, /srv/mx.pem
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
"""
_ON_THE_WAY = ("incoming", "active")  # in this order, so that what moves on meanwhile is seen
_KEPT = ("bounce", "corrupt", "defer", "deferred", "flush", "hold", "private", "saved", "trace")
_OPEN_TO_POSTDROP = {"maildrop": 0o1730, "public": 0o2710}


class Postfix(MailServer):
    """Postfix, started from nothing. See MailServer.

    On `xclient_port` whoever connects may say by XCLIENT who the client is, and say it again.
    """

    xclient_port: int | None = None
    services = ""

    def configure(self) -> list[str]:
        self._write("main.cf", self._main())
        self._write("master.cf", self._inet_services() + _SERVICES + self.services)
        self._write("dynamicmaps.cf", "pcre postfix-pcre.so dict_pcre_open\n")
        self._write("domains", "".join(f"{domain} here\n" for domain in self.domains))
        self._write("mailboxes", "!/^nobody@/ mail/\n")
        self._make_spool()
        return ["/opt/usr/lib/postfix/sbin/master", "-c", "/srv", "-d"]

    def stop(self) -> None:
        self.kill()  # at SIGTERM master(8) kills its daemons as well, and then sleeps for a second

    @property
    def log(self) -> str:
        log = self.directory / "log"
        return super().log + (log.read_text(errors="replace") if log.exists() else "")

    def busy(self) -> bool:
        queues = (self.directory / "spool" / queue for queue in _ON_THE_WAY)
        # A file that is not executable was never finished: its client has no 250 for it.
        return any(_mode(file) & stat.S_IXUSR for queue in queues for file in queue.iterdir())

    def queued(self) -> list[str]:
        self.wait_until_settled()
        command = room.command(["/opt/usr/sbin/postqueue", "-c", "/srv", "-j"], self.directory)
        listing = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        messages = (json.loads(line) for line in listing.splitlines())
        return [to["address"] for message in messages for to in message["recipients"]]

    def _main(self) -> str:
        environment = " ".join(
            f"{name}={value}" for name, value in room.environment().items() if name != "PERL5LIB"
        )
        main = _MAIN.format(
            environment=environment,
            hostname=self.hostname,
            address=self.address,
            postfix=room.USERS["postfix"],
        )
        main += _TLS if self._write_certificate() else ""
        replaced = {line.partition("=")[0].strip() for line in self.settings.splitlines()}
        kept = [
            line for line in main.splitlines() if line.partition("=")[0].strip() not in replaced
        ]
        return "\n".join([*kept, self.settings])  # of what is set twice each program would complain

    def _inet_services(self) -> str:
        host = f"[{self.address}]" if ":" in self.address else self.address
        services = f"{host}:{self.port} inet n - n - - smtpd\n"
        if self.proxy_port:
            services += f"{host}:{self.proxy_port} inet n - n - - smtpd\n"
            services += "  -o smtpd_upstream_proxy_protocol=haproxy\n"
        if self.xclient_port:
            services += f"{host}:{self.xclient_port} inet n - n - - smtpd\n"
            services += "  -o smtpd_authorized_xclient_hosts=static:all\n"
            # It would take all clients for its own host, as long as the proxy connects from there.
            services += "  -o local_header_rewrite_clients=\n"
        return services

    def _make_spool(self) -> None:
        owner = room.USERS["postfix"]
        for name in (*_ON_THE_WAY, *_KEPT, "pid", "maildrop", "public"):
            self._make(f"spool/{name}", _OPEN_TO_POSTDROP.get(name, 0o700))
            group = room.USERS["postdrop"] if name in ("maildrop", "public") else 0
            os.chown(self.directory / "spool" / name, 0 if name == "pid" else owner, group)
        for name in ("data", "mail"):
            self._make(name, 0o755)
            os.chown(self.directory / name, owner, owner)

    def _make(self, name: str, mode: int) -> None:
        (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / name).chmod(mode)

    def _write(self, name: str, text: str) -> None:
        (self.directory / name).write_text(text)
        # Postfix waits until what it reads is two seconds old, lest somebody is still writing it.
        os.utime(self.directory / name, (0, 0))


def _mode(file: Path) -> int:
    try:
        return file.stat().st_mode
    except FileNotFoundError:  # it has just moved on
        return stat.S_IXUSR
