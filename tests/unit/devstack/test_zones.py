"""Each process of the stack knows what its zone needs, and nothing of the others'."""

import re
import stat
from pathlib import Path

import pytest

from hdh_portal.devstack.zones import Layout, environment
from hdh_portal.settings.startup import ZONES

COMMON = {
    "DATABASE_URL",
    "DJANGO_SETTINGS_MODULE",
    "HDH_DEMO",
    "HDH_GATEWAY_ORIGIN",
    "HDH_PORTAL_URL",
    "HDH_SECRET_KEY",
    "HDH_STACK",
    "HDH_ZONE",
}
HARMLESS = {
    # Which provider makes workspaces, and where the imitated cloud of the demonstration is: no secrets.
    "HDH_WORKSPACE_PROVIDER",
    "HDH_FAKE_CLOUD_URL",
    "PATH",
    "HOME",
    "USER",
    "LANG",
    "TZ",
    "TMPDIR",
    "PYTHONUNBUFFERED",
    "HDH_STATIC_DIR",
}


@pytest.fixture
def layout(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Layout:
    monkeypatch.setenv("SECRET_OF_THE_TERMINAL", "x")
    return Layout(
        var=tmp_path,
        sockets=tmp_path / "run",
        portal_port=8000,
        gateway_port=8001,
        database_url="postgresql://hdh@/hdh?host=/run",
        broker_url="redis://localhost/0",
    )


@pytest.mark.parametrize("zone", ZONES)
def test_a_zone_gets_exactly_its_variables(layout: Layout, zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDH_CLAMD", "/run/clamd")
    assert set(environment(layout, zone)) - HARMLESS == COMMON | ZONES[zone]


def test_without_a_scanner_the_zones_with_documents_say_so(layout: Layout) -> None:
    saying = {zone for zone in ZONES if environment(layout, zone).get("HDH_UNSCANNED_DOCUMENTS") == "1"}
    assert saying == {"web", "default"}


def test_zones_sign_with_keys_of_their_own(layout: Layout) -> None:
    keys = {environment(layout, zone)["HDH_SECRET_KEY"] for zone in ZONES}
    assert len(keys) == len(ZONES)


def test_secrets_are_made_once_and_only_their_owner_reads_them(layout: Layout) -> None:
    first, second = environment(layout, "web"), environment(layout, "web")
    assert first == second
    folder = layout.var / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in folder.iterdir()} == {0o600}


def test_addresses_follow_the_ports(layout: Layout) -> None:
    web = environment(layout, "web")
    assert web["HDH_PORTAL_URL"] == "http://localhost:8000"
    assert re.fullmatch(r"http://ws-\{id\}\.localhost:8001", web["HDH_GATEWAY_ORIGIN"])


def test_an_unknown_zone_is_an_error(layout: Layout) -> None:
    with pytest.raises(KeyError):
        environment(layout, "everything")
