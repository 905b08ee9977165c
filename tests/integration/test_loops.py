"""A scanner that delivers back from an address nobody declared: noticed, deferred, not bounced."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.integration.servers import Postfix, Scanner
from tests.integration.world import CLEAN, CLEAN_EGRESS, FRONTED, MAIL, World, world

pytestmark = pytest.mark.real


class Forgetful(Scanner):
    """A scanner that takes every Received line off, as some do."""

    def configure(self) -> list[str]:
        command = super().configure()
        self._write("header_checks", "/^Received:/ IGNORE\n")
        main = self.directory / "main.cf"
        main.write_text(main.read_text() + "header_checks = pcre:/srv/header_checks\n")
        os.utime(main, (0, 0))
        return command


def undeclare(stand: World) -> None:
    """Reroute, with an egress declared that is not the scanner's."""
    stand.stage("reroute")
    stand.mxward.kill()
    declared = stand.mxward.configuration
    stand.mxward.configuration = declared.replace(f'["{CLEAN_EGRESS}"]', '["198.51.100.77"]')
    assert stand.mxward.configuration != declared
    stand.mxward.start()


def loop_is_told(stand: World) -> None:
    stand.mail_server.wait_until(
        lambda: "event=loop level=loud" in stand.mxward.log, 20, "the loop is told"
    )
    assert f"if {CLEAN_EGRESS} is an address of the scanner" in stand.mxward.log
    assert "scanners.clean.egress" in stand.mxward.log
    stand.scanner.wait_until(
        lambda: "451 4.4.6" in stand.scanner.log, 20, "the scanner was told 451"
    )


def test_a_loop_is_deferred_until_the_egress_is_declared(tmp_path: Path) -> None:
    with world(tmp_path, Postfix) as stand:
        undeclare(stand)
        assert stand.send("loop@it.co.za").code == 0
        loop_is_told(stand)
        assert stand.mail_server.count() == 0
        stand.stage("reroute")
        stand.arrives("loop@it.co.za")


def test_a_loop_is_known_by_its_message_id_where_received_is_stripped(tmp_path: Path) -> None:
    with world(tmp_path, Postfix) as stand:
        stand.scanner.stop()
        stand.scanner = Forgetful(
            tmp_path / "forgetful", CLEAN, domains=FRONTED, behind=(MAIL, 25), egress=CLEAN_EGRESS
        )
        with stand.scanner:
            undeclare(stand)
            assert stand.send("loop@it.co.za").code == 0
            loop_is_told(stand)
            assert stand.mail_server.count() == 0
            stand.stage("reroute")
            stand.arrives("loop@it.co.za")
            received = stand.mail_server.mail()[0].message.get_all("Received", [])
            assert not any("mark=" in line for line in received)
