"""Exim as the mail server: one Maildir for all mailboxes, relaying for its own host as packaged.

`settings` adds lines to the main section, `authenticators` to the section of that name, `acls`
whole ACLs, `rcpt` statements before those that judge recipients, `routers` routers before the
mailboxes. Not here: local users.
"""

from __future__ import annotations

import os
import re

from tests.integration.servers import room
from tests.integration.servers.mailserver import MailServer

_CONFIGURATION = """\
primary_hostname = {hostname}
exim_path = /opt/usr/sbin/exim4
spool_directory = /srv/spool
log_file_path = {log_file_path}
write_rejectlog = {rejectlog}
pid_file_path = /srv/exim.pid
keep_environment = LD_LIBRARY_PATH
deliver_drop_privilege = true

local_interfaces = <; {interfaces}
hosts_proxy = ${{if = {{$received_port}}{{{proxy_port}}} {{*}}{{}}}}
domainlist local_domains = lsearch;/srv/domains
hostlist relay_from_hosts = <; 127.0.0.1 ; ::1
acl_smtp_rcpt = rcpt

tls_advertise_hosts = {tls}
tls_certificate = /srv/mx.pem
tls_privatekey = /srv/mx.key
dsn_advertise_hosts = *
rfc1413_query_timeout = 0s
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
log_selector = {log_selector}
{settings}
begin acl
{acls}
rcpt:
{rcpt}
  accept  domains = +local_domains
          !local_parts = nobody
  deny    domains = +local_domains
          message = 5.1.1 User unknown
  accept  hosts = +relay_from_hosts
  accept  authenticated = *
  deny    message = 5.7.1 Relay not permitted

begin routers
{routers}
mailboxes:
  driver = accept
  domains = +local_domains
  transport = maildir
{elsewhere}
begin transports
maildir:
  driver = appendfile
  directory = /srv/mail
  maildir_format
  envelope_to_add
  return_path_add
  user = Debian-exim
{transports}
begin retry
* * F,1h,1s

begin authenticators
{authenticators}
"""
_LOG_SELECTOR = (
    "+incoming_interface +incoming_port +proxy +received_recipients +subject +pipelining"
    " +tls_cipher"
)
_NOTHING_LEAVES = """\
elsewhere:
  driver = redirect
  data = :defer: nothing leaves this server
  allow_defer
"""


class Exim(MailServer):
    """Exim, started from nothing. See MailServer."""

    authenticators = ""
    elsewhere = _NOTHING_LEAVES  # the last router
    transports = ""
    acls = ""
    rcpt = ""
    routers = ""
    log_selector = _LOG_SELECTOR
    log_file_path = "/srv/logs/%s"
    rejectlog = False

    def configure(self) -> list[str]:
        for name in ("spool", "logs", "mail"):
            (self.directory / name).mkdir(exist_ok=True)
            os.chown(self.directory / name, room.USERS["Debian-exim"], room.USERS["Debian-exim"])
        (self.directory / "domains").write_text("".join(f"{name}:\n" for name in self.domains))
        ports = [self.port, self.proxy_port] if self.proxy_port else [self.port]
        configuration = _CONFIGURATION.format(
            hostname=self.hostname,
            interfaces=" ; ".join(f"[{self.address}]:{port}" for port in ports),
            proxy_port=self.proxy_port or 0,
            tls="*" if self._write_certificate() else "",
            settings=self.settings,
            log_file_path=self.log_file_path,
            log_selector=self.log_selector,
            rejectlog="true" if self.rejectlog else "false",
            acls=self.acls,
            rcpt=self.rcpt,
            routers=self.routers,
            elsewhere=self.elsewhere,
            transports=self.transports,
            authenticators=self.authenticators,
        )
        (self.directory / "exim.conf").write_text(configuration)
        return ["/opt/usr/sbin/exim4", "-C", "/srv/exim.conf", "-bdf", "-q2s"]

    @property
    def log(self) -> str:
        logs = sorted(self.directory.glob("logs/*"))
        return super().log + "".join(path.read_text(errors="replace") for path in logs)

    def busy(self) -> bool:
        put_off = re.findall(r" (\S+) (?:==|\*\*) ", self.log)
        return not self._spooled() <= set(put_off)

    def queued(self) -> list[str]:
        self.wait_until_settled()
        put_off = dict.fromkeys(re.findall(r" (\S+) == (\S+)", self.log))
        spooled = self._spooled()
        return [recipient for message, recipient in put_off if message in spooled]

    def _spooled(self) -> set[str]:
        # The header file comes last: a message without one was never finished, nor answered 250.
        return {path.name.removesuffix("-H") for path in self.directory.glob("spool/input/**/*-H")}
