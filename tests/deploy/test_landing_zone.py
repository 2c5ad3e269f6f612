"""The landing zone, read as data: in Paris, closed, without secrets, and whole."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import hcl2
import pytest

from tests.architecture.sources import REPOSITORY

FILES = sorted((REPOSITORY / "deploy").glob("*.tf"))
READ = {file.name: hcl2.loads(file.read_text(encoding="utf-8")) for file in FILES}
REFERENCE = re.compile(r"\b(scaleway_[a-z_]+)\.([a-z_]+)\b")
SECRET = re.compile(r"password(_wo)?$|secret|private_key|certificate_chain")


def bare(text: str) -> str:
    return text.strip('"')


def blocks(kind: str) -> Iterator[dict[str, Any]]:
    for content in READ.values():
        yield from content.get(kind, [])


def resources() -> dict[tuple[str, str], dict[str, Any]]:
    return {
        (bare(kind), bare(name)): body
        for block in blocks("resource")
        for kind, named in block.items()
        for name, body in named.items()
    }


def attributes(body: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(body, dict):
        for name, value in body.items():
            yield from attributes(value, f"{path}.{name}")
    elif isinstance(body, list):
        for value in body:
            yield from attributes(value, path)
    else:
        yield path, body


def test_there_is_what_the_platform_needs_once() -> None:
    kinds = {kind for kind, _ in resources()}
    assert kinds >= {
        "scaleway_account_project",
        "scaleway_vpc_private_network",
        "scaleway_lb",
        "scaleway_registry_namespace",
        "scaleway_rdb_instance",
    }


def test_everything_that_has_a_place_is_in_paris() -> None:
    settings = {
        name: bare(value) for block in blocks("locals") for name, value in block.items() if isinstance(value, str)
    }
    assert (settings["region"], settings["zone"]) == ("fr-par", "fr-par-1")
    for (kind, name), body in resources().items():
        for place in ("region", "zone"):
            assert body.get(place, f"${{local.{place}}}") == f"${{local.{place}}}", (kind, name)
    assert not [
        path for path, value in attributes(list(resources().values())) if re.search(r"nl-ams|pl-waw|it-mil", str(value))
    ]


def test_every_reference_and_every_variable_leads_somewhere() -> None:
    known = set(resources())
    said = "\n".join(file.read_text(encoding="utf-8") for file in FILES)
    used = {match for match in REFERENCE.findall(said) if match not in known}
    assert used == set()
    declared = {bare(name) for block in blocks("variable") for name in block}
    assert {name for name in declared if f"var.{name}" not in said} == set()
    assert set(re.findall(r"\bvar\.([a-z_]+)", said)) <= declared


def test_no_secret_is_written_down() -> None:
    for path, value in attributes(list(resources().values())):
        if SECRET.search(path):
            assert re.fullmatch(r"\$\{var\.[a-z_]+\}", str(value)), path
    secret = ("database_password", "broker_password", "workspaces_certificate")
    marked = {bare(name): body for block in blocks("variable") for name, body in block.items()}
    assert all(marked[name]["sensitive"] for name in secret)


def test_the_database_is_private_encrypted_saved_and_kept() -> None:
    database = resources()["scaleway_rdb_instance", "portal"]
    assert "load_balancer" not in database
    assert database["private_network"]
    assert database["encryption_at_rest"]
    assert database["is_ha_cluster"]
    assert not database["disable_backup"]
    assert database["backup_same_region"]
    assert database["lifecycle"][0]["prevent_destroy"]


def test_checkpoints_of_the_audit_log_cannot_be_removed() -> None:
    bucket = resources()["scaleway_object_bucket", "checkpoints"]
    lock = resources()["scaleway_object_bucket_lock_configuration", "checkpoints"]
    assert bucket["object_lock_enabled"]
    assert bare(lock["rule"][0]["default_retention"][0]["mode"]) == "COMPLIANCE"


def test_networks_are_closed_unless_a_rule_opens_them() -> None:
    lists = [body for (kind, _), body in resources().items() if kind == "scaleway_vpc_acl"]
    assert [bare(body["default_policy"]) for body in lists] == ["drop"]


def rights() -> dict[str, list[tuple[str, set[str]]]]:
    """For each policy: where each of its rules holds, and which permission sets it gives."""
    policies = {name: body for (kind, name), body in resources().items() if kind == "scaleway_iam_policy"}
    return {
        name: [
            (str(rule.get("project_ids", ["organization"])[0]), {bare(one) for one in rule["permission_set_names"]})
            for rule in body["rule"]
        ]
        for name, body in policies.items()
    }


def test_whoever_makes_extracts_reaches_the_keys_of_the_pseudonyms_and_nothing_else() -> None:
    pseudonyms = "${scaleway_account_project.pseudonyms.id}"
    assert rights()["extractor"] == [(pseudonyms, {"KeyManagerFullAccess"})]
    key = resources()["scaleway_key_manager_key", "master"]
    assert key["project_id"] == pseudonyms


def test_whoever_makes_workspaces_opens_keys_in_the_hubs_project_only() -> None:
    places = [
        place for place, sets in rights()["provisioner"] if {one for one in sets if "Key" in one or "Secret" in one}
    ]
    assert places == ["${scaleway_account_project.hub.id}"]


def test_every_identity_has_one_policy_and_is_named_in_the_outputs() -> None:
    applications = {name for kind, name in resources() if kind == "scaleway_iam_application"}
    assert set(rights()) == applications
    said = (REPOSITORY / "deploy" / "outputs.tf").read_text(encoding="utf-8")
    assert {name for name in applications if f"scaleway_iam_application.{name}.id" not in said} == set()


def test_the_tool_itself_finds_them_well_formed() -> None:
    tool = shutil.which("tofu") or shutil.which("terraform")
    if tool is None:
        pytest.skip("neither tofu nor terraform is installed: they were read by python-hcl2 only")
    said = subprocess.run(
        [tool, "fmt", "-check", "-diff", str(REPOSITORY / "deploy")], capture_output=True, text=True, check=False
    )
    assert said.returncode == 0, said.stdout + said.stderr


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_the_files_are_laid_out_in_one_way(file: Any) -> None:
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        indent = len(line) - len(line.lstrip(" "))
        assert "\t" not in line, number
        assert line == line.rstrip(), number
        assert indent % 2 == 0, number
