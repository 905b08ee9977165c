"""The configurations of the how-tos: check-config has nothing to say against them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mxward.config import Layout, load
from tests.certificates import Authority

DOCS = Path(__file__).parents[2] / "docs"


def configuration(name: str) -> str:
    """The one of a how-to, word for word."""
    (block,) = re.findall(r"```toml\n(.*?)```", (DOCS / name).read_text(), re.DOTALL)
    return str(block)


def installed(text: str, folder: Path) -> Path:
    """A configuration with the files that it names."""
    Authority().issue("mail.provider.example").write(folder, "mx")
    for named in ("/etc/localdomains", "/etc/mxward/domains"):
        (folder / Path(named).name).write_text("it.co.za\n")
        text = text.replace(named, str(folder / Path(named).name))
    path = folder / "mxward.toml"
    path.write_text(text.replace("/etc/mxward/mx.", f"{folder}/mx."))
    return path


@pytest.mark.parametrize(
    ("name", "layout"),
    [
        ("plain.md", Layout.NONE),
        ("transparent-host.md", Layout.HOST),
        ("transparent-gateway.md", Layout.GATEWAY),
    ],
)
def test_check_config_takes_it(name: str, layout: Layout, tmp_path: Path) -> None:
    path = installed(configuration(name), tmp_path)
    assert load(path).intercept.layout is layout
    command = [sys.executable, "-m", "mxward", "check-config", "--offline", "--strict"]
    done = subprocess.run(
        [*command, "--config", str(path)], text=True, capture_output=True, timeout=60
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_other_ports_may_be_written_so(tmp_path: Path) -> None:
    ports = configuration("interception.md").removeprefix("[intercept]\n")
    text = configuration("transparent-host.md").replace("ports = [25]\n", ports)
    assert load(installed(text, tmp_path)).intercept.tls_ports == (465,)


def test_every_link_leads_somewhere() -> None:
    for page in (*DOCS.glob("*.md"), DOCS.parent / "README.md", DOCS.parent / "deploy/README.md"):
        for target in re.findall(r"\]\(([^)#\s]+)?(#[^)\s]+)?\)", page.read_text()):
            file, anchor = target
            if file.startswith("http"):
                continue
            led_to = (page.parent / file).resolve() if file else page
            assert led_to.exists(), f"{page.name}: {file}"
            if anchor:
                assert anchor[1:] in _anchors(led_to), f"{page.name}: {file}{anchor}"


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "README.md").read_text()
    assert [page.name for page in DOCS.glob("*.md") if f"]({page.name})" not in index] == [
        "README.md"
    ]


def _anchors(page: Path) -> list[str]:
    """As GitHub makes them of headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings]
