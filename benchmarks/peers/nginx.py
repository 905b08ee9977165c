"""nginx as a mail proxy. It asks an auth_http server at RCPT where to; here that is a location of
the same nginx that returns headers only: no answerer is cheaper, and its CPU is nginx's own.

Its log is at level info: without that no line would say that a session was refused.
"""

from __future__ import annotations

from pathlib import Path

from tests.integration.servers import Server
from tests.integration.servers.server import greets

__all__ = ["Nginx"]

_CONFIGURATION = """\
load_module /opt/usr/lib/nginx/modules/ngx_mail_module.so;
daemon off;
user nobody nobody;
worker_processes 1;
pid /srv/nginx.pid;
error_log /srv/nginx.log info;
events {{ worker_connections 19000; }}
http {{
    access_log off;
    client_body_temp_path /srv/body;
    proxy_temp_path /srv/proxy;
    fastcgi_temp_path /srv/fastcgi;
    uwsgi_temp_path /srv/uwsgi;
    scgi_temp_path /srv/scgi;
    server {{
        listen {address}:8025;
        location /pass {{
            add_header Auth-Status OK;
            add_header Auth-Server {host};
            add_header Auth-Port {port};
            return 204;
        }}
        location /refuse {{
            add_header Auth-Status "5.7.1 use the MX";
            add_header Auth-Error-Code 550;
            return 204;
        }}
    }}
}}
mail {{
    server_name mail.provider.example;
    auth_http {address}:8025/{location};
    xclient off;
    server {{
        listen {address}:25;
        protocol smtp;
        smtp_auth none;
    }}
}}
"""


class Nginx(Server):
    """nginx before `upstream`, to which it passes all, or refuses all where `refuse` is set."""

    def __init__(
        self, directory: Path, address: str, upstream: tuple[str, int], *, refuse: bool = False
    ) -> None:
        super().__init__(directory, address, 25)
        self._upstream = upstream
        self._location = "refuse" if refuse else "pass"

    def configure(self) -> list[str]:
        host, port = self._upstream
        text = _CONFIGURATION.format(
            address=self.address, host=host, port=port, location=self._location
        )
        (self.directory / "nginx.conf").write_text(text)
        return [
            "/opt/usr/sbin/nginx",
            "-p",
            "/srv",
            "-c",
            "/srv/nginx.conf",
            "-e",
            "/srv/nginx.log",
        ]

    def answers(self) -> bool:
        return greets(self.address, self.port)
