"""Exim and Postfix that refuse at every stage, so that their logs have a line of every kind.

Who is refused says so: clients `NET1` and `NET2` at once, and names that begin with `refused` or
`later` (HELO, the sender's domain, the recipient's local part) for good, or for now. The sender's
domain `nodata.example` is refused at DATA, the test virus after it. Mail for `bounces.example`
comes back; `alias@it.co.za` is two mailboxes; other domains are not reached.
"""

from __future__ import annotations

from pathlib import Path

from tests.certificates import Authority
from tests.integration.servers import Exim, Postfix
from tests.integration.syslogd import with_a_dev

__all__ = [
    "DEBIANS_LOG_SELECTOR",
    "EICAR",
    "EximToSyslog",
    "PASSWORD",
    "POSTSCREEN",
    "PROXY",
    "USER",
    "XCLIENT",
    "exim",
    "postfix",
]

EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + "EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
USER, PASSWORD = "login-name", "pass-word"
PROXY, XCLIENT, POSTSCREEN = 10025, 10026, 2525
DOMAINS = ("it.co.za", "bounces.example")
DEBIANS_LOG_SELECTOR = (
    "+smtp_protocol_error +smtp_syntax_error +tls_certificate_verified +tls_peerdn"
)

_EXIM = """\
acl_smtp_connect = connect
acl_smtp_helo = helo
acl_smtp_mail = mail
acl_smtp_predata = predata
acl_smtp_data = data
tls_try_verify_hosts = *
tls_verify_certificates = /srv/ca.pem
host_lookup = 127.0.0.0/8
host_lookup_order = byaddr
smtp_receive_timeout = 3s
message_size_limit = 200K
chunking_advertise_hosts = *
smtputf8_advertise_hosts = *
"""
_EXIM_ACLS = """\
connect:
  deny hosts = <; {refused}
       message = 5.7.1 go away
  defer hosts = <; {later}
       message = 4.7.1 later
  accept
helo:
  deny condition = ${{if match{{$sender_helo_name}}{{^refused}}}}
       message = 5.7.1 what a name
  defer condition = ${{if match{{$sender_helo_name}}{{^later}}}}
       message = 4.7.1 what a name
  accept
mail:
  deny sender_domains = ^refused
       message = 5.7.1 what a sender
  defer sender_domains = ^later
       message = 4.7.1 what a sender
  accept
predata:
  deny sender_domains = nodata.example
       message = 5.7.1 no data
  accept
data:
  deny condition = ${{if match{{$message_body}}{{EICAR-STANDARD}}}}
       message = 5.7.1 virus found
  defer sender_domains = latedata.example
       message = 4.7.1 not now
  accept
"""
_EXIM_RCPT = """\
  deny local_parts = ^refused
       message = 5.7.1 what a recipient\\nand a second line of it
  defer local_parts = ^later
       message = 4.7.1 what a recipient
"""
_EXIM_ROUTERS = """\
bounces:
  driver = redirect
  domains = bounces.example
  data = :fail: nobody is here
  allow_fail
aliases:
  driver = redirect
  domains = it.co.za
  local_parts = alias
  data = shaun@it.co.za, anna@it.co.za
"""
_EXIM_AUTHENTICATORS = f"""\
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{{USER}}}}}{{eq{{$auth3}}{{{PASSWORD}}}}}}}}}
  server_set_id = $auth2
"""


def exim(
    directory: Path,
    address: str,
    authority: Authority,
    clients: tuple[str, str],
    *,
    log_selector: str,
    settings: str = "",
    kind: type[Exim] = Exim,
) -> Exim:
    """Not started. `clients` are refused as soon as they come: for good, and for now."""
    server = kind(
        directory,
        address,
        domains=DOMAINS,
        proxy_port=PROXY,
        certificate=authority.issue("mail.provider.example"),
        settings=_EXIM + settings,
    )
    directory.mkdir(parents=True, exist_ok=True)
    Path(authority.write(directory)).chmod(0o644)
    server.acls = _EXIM_ACLS.format(refused=clients[0], later=clients[1])
    server.rcpt, server.routers = _EXIM_RCPT, _EXIM_ROUTERS
    server.authenticators = _EXIM_AUTHENTICATORS
    server.log_selector = log_selector
    server.rejectlog = True
    return server


class EximToSyslog(Exim):
    """Started while a `Syslogd` has its directory."""

    log_file_path = "syslog"

    def configure(self) -> list[str]:
        return with_a_dev(super().configure())

    @property
    def log(self) -> str:
        return super().log + (self.directory / "log").read_text(errors="replace")


_POSTFIX = """\
relay_domains = bounces.example
transport_maps = inline:{{ bounces.example=error:nobody_is_here }}
virtual_alias_maps = inline:{{ {{ alias@it.co.za = shaun@it.co.za, anna@it.co.za }} }}
smtpd_client_restrictions = check_client_access pcre:/srv/clients
smtpd_helo_restrictions = check_helo_access pcre:/srv/names
smtpd_sender_restrictions = check_sender_access pcre:/srv/senders
smtpd_recipient_restrictions = check_recipient_access pcre:/srv/recipients
  reject_unlisted_recipient
smtpd_reject_unlisted_recipient = no
smtpd_data_restrictions = check_sender_access pcre:/srv/nodata
smtpd_end_of_data_restrictions = check_sender_access pcre:/srv/end
body_checks = pcre:/srv/bodies
smtpd_timeout = 3s
message_size_limit = 200000
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = dovecot
smtpd_sasl_path = inet:{dovecot}
smtpd_tls_ask_ccert = yes
smtpd_tls_CAfile = /srv/ca.pem
postscreen_greet_wait = 1s
postscreen_greet_action = enforce
postscreen_cache_map =
queue_run_delay = 300s
minimal_backoff_time = 300s
maximal_backoff_time = 300s
"""
_POSTSCREEN = """\
{host}:{port} inet n - n - 1 postscreen
smtpd pass - - n - - smtpd
dnsblog unix - - n - 0 dnsblog
tlsproxy unix - - n - 0 tlsproxy
"""


def postfix(
    directory: Path,
    address: str,
    authority: Authority,
    clients: tuple[str, str],
    dovecot: str,
    *,
    settings: str = "",
) -> Postfix:
    """Not started. As `exim`; `dovecot` is where it asks for passwords."""
    server = Postfix(
        directory,
        address,
        domains=DOMAINS[:1],
        proxy_port=PROXY,
        certificate=authority.issue("mail.provider.example"),
        settings=_POSTFIX.format(dovecot=dovecot) + settings,
    )
    server.xclient_port = XCLIENT
    host = f"[{address}]" if ":" in address else address
    server.services = "pickup unix n - n 60 1 pickup\n"
    server.services += _POSTSCREEN.format(host=host, port=POSTSCREEN)
    directory.mkdir(parents=True, exist_ok=True)
    Path(authority.write(directory)).chmod(0o644)
    maps = {
        "clients": "".join(
            f"/^{client.replace('.', '[.]')}$/ {what}\n"
            for client, what in zip(clients, ("550 5.7.1 go away", "450 4.7.1 later"), strict=True)
        ),
        "names": "/^refused/ 550 5.7.1 what a name\n/^later/ 450 4.7.1 what a name\n",
        "senders": "/@refused/ 550 5.7.1 what a sender\n/@later/ 450 4.7.1 what a sender\n",
        "recipients": "/^refused/ 550 5.7.1 what a recipient\n/^later/ 450 4.7.1 not now\n"
        "/@bounces[.]example$/ OK\n",
        "nodata": "/@nodata[.]example/ 550 5.7.1 no data\n",
        "end": "/@latedata[.]example/ 450 4.7.1 not now\n",
        "bodies": "/EICAR-STANDARD/ REJECT 5.7.1 virus found\n",
    }
    for name, text in maps.items():
        (directory / name).write_text(text)
    return server
