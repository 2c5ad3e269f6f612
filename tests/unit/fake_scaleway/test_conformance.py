"""The replay and its comparison: what counts as conforming, and that a wrong fake is found out."""

import asyncio
import json
from pathlib import Path

import pytest

from apps.workspaces.fake_scaleway.conformance.compare import differences, is_optional, xml_shape
from apps.workspaces.fake_scaleway.conformance.replay import replay
from apps.workspaces.fake_scaleway.conformance.report import check_folder, summary
from apps.workspaces.fake_scaleway.conformance.scenario import Scenario, Step, read_scenarios
from apps.workspaces.fake_scaleway.conformance.translate import Translation

ONE, TWO, THREE = (f"{digit * 8}-{digit * 4}-4{digit * 3}-8{digit * 3}-{digit * 12}" for digit in "123")
REFERENCE = Path(__file__).parents[4] / "shared" / "reference" / "scaleway" / "scenarios"


def _kinds(recorded: object, answered: object) -> set[tuple[str, str]]:
    pair = Translation(lambda identifier, role: None).pairs
    return {(d.kind, d.where) for d in differences(recorded, answered, lambda where, a, b: pair(a, b))}


def test_values_may_differ_but_not_keys_types_or_states() -> None:
    recorded = {"name": "a", "size": 1, "status": "ready", "inner": {"x": None}}

    assert _kinds(recorded, {"name": "b", "size": 2.5, "status": "ready", "inner": {"x": None}}) == set()
    assert _kinds(recorded, {"name": 1, "status": "busy", "inner": {"x": ""}, "more": 1}) == {
        ("type", "name"),
        ("missing", "size"),
        ("state", "status"),
        ("type", "inner.x"),
        ("additional", "more"),
    }


def test_only_named_keys_of_a_product_may_come_and_go() -> None:
    assert is_optional("vpc.get_private_network", "subnets[].region")
    assert not is_optional("vpc.get_private_network", "region")
    assert not is_optional("block.get_volume", "used_by")


def test_xml_is_compared_as_a_tree_even_when_it_was_cut() -> None:
    text = "<A><Name>n</Name><Contents><Key>k</Key></Contents><Contents><Key>l</Ke"

    assert xml_shape(text) == {"Name": "n", "Contents": [{"Key": "k"}, {"Key": ""}]}
    assert xml_shape("<Error><RequestId><request-id></RequestId></Error>") == {"RequestId": "x"}


def test_identifiers_are_learned_and_used() -> None:
    translation = Translation(lambda identifier, role: f"bound-{role}")
    translation.learn(
        {"id": ONE, "list": [{"id": TWO, "name": "b"}]}, {"id": "x", "list": [{"id": THREE, "name": "b"}]}
    )
    translation.learn({"id": ONE}, {"id": TWO})

    assert translation.text(f"/path/{ONE}", "path") == f"/path/{TWO}"
    assert translation.body({"child": TWO}) == {"child": THREE}
    assert translation.text(THREE, "project_id") == "bound-project_id"


def test_scrubbed_values_come_from_earlier_answers_or_are_made_up() -> None:
    translation = Translation(lambda identifier, role: None)
    translation.learn({"ciphertext": "<scrubbed:8>"}, {"ciphertext": "QUJDRA=="})

    assert translation.body({"ciphertext": "<scrubbed:8>"}) == {"ciphertext": "QUJDRA=="}
    assert len(translation.body({"plaintext": "<scrubbed:44>"})["plaintext"]) == 44


def _scenario(*steps: tuple[str, str, int, object, object]) -> Scenario:
    made = [Step(method, path, status, [], request, response, "") for method, path, status, request, response in steps]
    return Scenario("written for this test", made)


VOLUMES = "/block/v1/zones/fr-par-1/volumes"


def _volume(status: str) -> dict[str, object]:
    return {
        "id": ONE, "name": "v", "status": status, "size": 10**10, "type": "sbs_5k", "zone": "fr-par-1", "tags": [],
        "created_at": "2027-01-01T00:00:00.000000Z", "updated_at": "2027-01-01T00:00:00.000000Z", "project_id": TWO,
        "last_detached_at": None, "parent_snapshot_id": None, "references": [], "kms_key_id": None,
        "specs": {"class": "sbs", "perf_iops": 5000},
    }  # fmt: skip


CREATE = {"name": "v", "project_id": TWO, "from_empty": {"size": 10**10}, "perf_iops": 5000, "tags": []}


def test_a_recording_that_polls_until_a_state_conforms() -> None:
    scenario = _scenario(
        ("POST", VOLUMES, 200, CREATE, _volume("creating")),
        ("GET", f"{VOLUMES}/{ONE}", 200, None, _volume("creating")),
        ("GET", f"{VOLUMES}/{ONE}", 200, None, _volume("available")),
        ("DELETE", f"{VOLUMES}/{ONE}", 204, None, None),
    )

    results = asyncio.run(replay(scenario))

    assert [result.differences for result in results] == [[], [], [], []]


def test_states_in_the_wrong_order_do_not_conform() -> None:
    scenario = _scenario(
        ("POST", VOLUMES, 200, CREATE, _volume("creating")),
        ("GET", f"{VOLUMES}/{ONE}", 200, None, _volume("available")),
        ("GET", f"{VOLUMES}/{ONE}", 200, None, _volume("creating")),
    )

    results = asyncio.run(replay(scenario))

    assert [[d.kind for d in result.differences] for result in results] == [[], [], ["state"]]


def test_what_the_fake_does_not_know_does_not_conform() -> None:
    results = asyncio.run(replay(_scenario(("POST", "/quantum/v1/entanglements", 200, {}, {"id": ONE}))))

    assert [d.kind for d in results[0].differences] == ["status"]


def test_a_step_that_cannot_be_played_differs_and_the_rest_goes_on() -> None:
    broken = Step("GET", "/", 200, [("acl", "")], None, "no xml at all", "s3.fr-par.scw.cloud")
    after = Step("GET", VOLUMES, 200, [], None, {"volumes": [], "total_count": 0}, "")

    results = asyncio.run(replay(Scenario("written for this test", [broken, after])))

    assert [bool(result.differences) for result in results] == [True, False]


def test_a_refusal_for_other_clients_traffic_is_counted_apart(tmp_path: Path) -> None:
    steps = [{"m": "GET", "p": VOLUMES, "s": 429, "t": 0}, {"m": "GET", "p": VOLUMES, "s": 200, "t": 1, "res": {
        "volumes": [], "total_count": 0}}]  # fmt: skip
    (tmp_path / "block.jsonl").write_text(json.dumps({"src": "x", "steps": steps}) + "\n")

    report = summary(check_folder(tmp_path))

    product = report["products"]["block"]
    assert (product["steps"], product["conforming"], product["conditioned"]) == (1, 1, 1)
    assert report["holds"]


def test_a_product_below_the_bar_is_told_with_its_differences(tmp_path: Path) -> None:
    steps = [{"m": "GET", "p": VOLUMES, "s": 200, "t": 0, "res": {"volumes": [], "total": 0}}]
    (tmp_path / "block.jsonl").write_text(json.dumps({"src": "x", "steps": steps}) + "\n")

    report = summary(check_folder(tmp_path))

    assert not report["holds"]
    listed = {(d["kind"], d["where"]) for d in report["products"]["block"]["differences"]}
    assert listed == {("missing", "total"), ("additional", "total_count")}


def test_a_line_that_is_no_scenario_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"src": "a", "steps": []}\n{}\n')

    with pytest.raises(ValueError, match=r"x\.jsonl:2"):
        list(read_scenarios(path))


def test_an_empty_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        check_folder(tmp_path)


@pytest.mark.reference
@pytest.mark.parametrize("name", ["account", "iam", "vpc", "ipam", "vpcgw", "keymanager", "secret"])
def test_the_recorded_scenarios_conform(name: str, tmp_path: Path) -> None:
    """The products with many steps (instance, block, object) are checked by the command itself."""
    if not REFERENCE.exists():
        pytest.skip("the recorded traffic is not beside the project")
    (tmp_path / f"{name}.jsonl").symlink_to(REFERENCE / f"{name}.jsonl")

    report = summary(check_folder(tmp_path))

    assert report["holds"], report["products"][name]["differences"]
