"""What a configuration leaves for the system to find, and must not lead back to mxward."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mxward.cli.resolving import NotFound, mail_server, resolver
from mxward.config import Config, ConfigError
from mxward.networks import address
from mxward.smtp.vocabulary import Endpoint
from tests.cli.place import Place

LOOPBACK = "0x7f000001"  # by its form a name, which every C library takes for 127.0.0.1
CIRCLE = (
    f'server.upstream: "{LOOPBACK}:2525" is mxward itself: mail would go round in circles; write '
    'where the mail server listens, as in "127.0.0.1:10025"'
)


def config(listen: str, upstream: str) -> Config:
    return Config.model_validate({"server": {"listen": [listen], "upstream": upstream}})


@pytest.mark.parametrize(
    ("listen", "circles"),
    [
        ("127.0.0.1:2525", True),
        ("0.0.0.0:2525", True),
        ("127.0.0.1:2526", False),
        ("127.0.0.2:2525", False),
        ("192.0.2.25:2525", False),
        ("[::]:2525", False),
    ],
)
def test_a_name_that_leads_back(listen: str, circles: bool) -> None:
    found = config(listen, f"{LOOPBACK}:2525")
    if circles:
        with pytest.raises(ConfigError) as told:
            mail_server(found)
        assert [problem.text for problem in told.value.problems] == [CIRCLE]
    else:
        end = Endpoint(address("127.0.0.1"), 2525, LOOPBACK)
        assert mail_server(found) == end


@pytest.mark.parametrize(
    ("listener", "end", "port", "meets"),
    [
        ("192.0.2.25:25", "192.0.2.25", 25, True),
        ("192.0.2.25:25", "192.0.2.25", 26, False),
        ("192.0.2.25:25", "192.0.2.26", 25, False),
        ("0.0.0.0:25", "127.0.0.9", 25, True),
        ("0.0.0.0:25", "192.0.2.25", 25, False),  # no address of this machine
        ("0.0.0.0:25", "::1", 25, False),
        ("[::]:25", "::1", 25, True),
    ],
)
def test_what_meets_a_listener(listener: str, end: str, port: int, meets: bool) -> None:
    assert config(listener, "127.0.0.1:10025").meets_listener(address(end), port) is meets


def test_a_name_that_leads_nowhere() -> None:
    with pytest.raises(NotFound, match=r'server\.upstream: "nowhere\.invalid" cannot be looked up'):
        mail_server(config("127.0.0.1:25", "nowhere.invalid:25"))


@pytest.mark.parametrize(
    ("name", "code", "line"),
    [
        (LOOPBACK, 78, f"mxward: mxward.toml:3: {CIRCLE}\n"),
        (
            "nowhere.invalid",
            0,
            'mxward: mxward.toml:3: warning: server.upstream: "nowhere.invalid" cannot be',
        ),
    ],
)
def test_check_config_looks_the_mail_server_up(
    name: str, code: int, line: str, place: Place
) -> None:
    file = place.folder / "mxward.toml"
    text = file.read_text().replace("127.0.0.1:10025", f"{name}:2525")
    text = text.replace("192.0.2.25:25", "0.0.0.0:2525")
    file.write_text(text.replace("\n[inventory]", 'addresses = ["192.0.2.25"]\n[inventory]'))
    result = place.run("check-config")
    assert line in result.stderr
    assert result.exit_code == code


def test_without_any_dns_server_there_is_one_line(place: Place) -> None:
    """With an empty /etc/resolv.conf, in a namespace of its own."""
    if subprocess.run(["unshare", "--mount", "true"], check=False).returncode:
        pytest.skip("this machine lets no namespace be made")
    file = place.folder / "mxward.toml"
    file.write_text(file.read_text().replace("servers = ", "# servers = "))
    hidden = 'mount --bind /dev/null /etc/resolv.conf && exec "$@"'
    for words in (["check-config"], ["explain", "--client", "192.0.2.9", "shaun@it.co.za"]):
        command = [sys.executable, "-m", "mxward", words[0], "--config", str(file), *words[1:]]
        done = subprocess.run(
            ["unshare", "--mount", "sh", "-c", hidden, "sh", *command],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 78
        assert "dns.servers: no DNS servers: " in done.stderr
        assert 'write servers = ["127.0.0.1:53"]' in done.stderr
        assert "Traceback" not in done.stderr


def test_dns_servers_that_are_configured_need_no_file(tmp_path: Path) -> None:
    assert resolver(Config.model_validate({"dns": {"servers": ["127.0.0.1:53"]}}))
