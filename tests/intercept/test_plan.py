"""What is diverted, by the configuration."""

from __future__ import annotations

from ipaddress import ip_network

from mxward.config import InterceptSettings
from mxward.intercept.plan import Plan, plan


def settings(**values: object) -> InterceptSettings:
    wanted = {"layout": "gateway", "interfaces": ["wan"], "servers": ["192.0.2.25"]}
    return InterceptSettings.model_validate(wanted | values)


def test_nothing_unless_it_is_said() -> None:
    assert plan(InterceptSettings()) is None
    assert plan(settings(layout="none")) is None


def test_everything_once_and_in_order() -> None:
    found = plan(
        settings(
            layout="host",
            method="redirect",
            interfaces=["wan", "eth1", "wan"],
            servers=["192.0.2.25", "2001:db8::/64", "192.0.2.0/24", "2001:db8::25", "192.0.3.0/24"],
            ports=[587, 25, 25],
            fast_path=True,
            fail="open",
        )
    )
    assert found == Plan(
        interfaces=("eth1", "wan"),
        servers4=(ip_network("192.0.2.0/23"),),  # type: ignore[arg-type]
        servers6=(ip_network("2001:db8::/64"),),  # type: ignore[arg-type]
        ports=(25, 587),
        listen_port=2525,
        mark=28024,
        own_mark=28025,
        on_this_host=True,
        redirects=True,
        fast_path=True,
        fails_open=True,
    )
    assert found.families == (4, 6)


def test_one_family() -> None:
    found = plan(settings(servers=["2001:db8::25"]))
    assert found
    assert found.families == (6,)
