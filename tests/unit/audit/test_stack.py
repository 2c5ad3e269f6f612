"""What the development stack gives to whom, as far as the audit log is concerned."""

from pathlib import Path

import pytest

from hdh_portal.devstack.postgres import Postgres
from hdh_portal.devstack.zones import Layout, environment

ZONES = ("web", "default", "extract", "provision", "beat", "gateway")


def layout(tmp_path: Path, migration_url: str) -> Layout:
    return Layout(
        var=tmp_path,
        sockets=tmp_path,
        portal_port=1,
        gateway_port=2,
        database_url="postgresql://hdh_app:a%2Fb@/hdh",
        broker_url="redis://",
        migration_url=migration_url,
        worker_url="postgresql://hdh_worker:c%2Fd@/hdh",
    )


def test_the_sealer_alone_has_the_signing_key(tmp_path: Path) -> None:
    given = {zone: environment(layout(tmp_path, ""), zone) for zone in ZONES}
    assert [zone for zone in ZONES if "HDH_AUDIT_KEY_FILE" in given[zone]] == ["default"]
    assert [zone for zone in ZONES if "HDH_CHECKPOINTS_DIR" in given[zone]] == ["web", "default"]
    assert given["web"]["HDH_AUDIT_PUBLIC_KEY_FILE"] == given["default"]["HDH_AUDIT_KEY_FILE"] + ".pub"


def test_no_process_of_the_portal_knows_the_owner_of_the_tables(tmp_path: Path) -> None:
    made = layout(tmp_path, "postgresql://hdh:secret-of-the-owner@/hdh")
    assert [zone for zone in ZONES if "secret-of-the-owner" in str(environment(made, zone))] == []
    migration = environment(made, "migration")
    assert migration["DATABASE_URL"] == made.migration_url
    assert migration["HDH_APP_DATABASE_PASSWORD"] == "a/b"
    assert migration["HDH_WORKER_DATABASE_PASSWORD"] == "c/d"


def test_the_role_that_sees_all_rows_is_the_workers_alone(tmp_path: Path) -> None:
    given = {zone: environment(layout(tmp_path, ""), zone)["DATABASE_URL"] for zone in ZONES}
    assert [zone for zone in ZONES if "hdh_worker" in given[zone]] == ["default", "extract", "provision", "beat"]


def test_one_role_does_everything_where_no_other_was_given(tmp_path: Path) -> None:
    assert environment(layout(tmp_path, ""), "migration")["DATABASE_URL"] == "postgresql://hdh_app:a%2Fb@/hdh"


@pytest.mark.parametrize(("password", "known_by"), [("", "hdh"), ("a/b", "hdh:a%2Fb")])
def test_the_owner_has_a_password_when_the_server_asks_for_one(tmp_path: Path, password: str, known_by: str) -> None:
    server = Postgres(home=tmp_path, sockets=tmp_path, account=None, password=password)
    assert server.url().startswith(f"postgresql://{known_by}@/hdh?host=")
    assert server.application_url("c").startswith("postgresql://hdh_app:c@/hdh?host=")
    assert server.worker_url("d").startswith("postgresql://hdh_worker:d@/hdh?host=")
    assert "a/b" not in repr(server)
