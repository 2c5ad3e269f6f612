"""The manifest, the page, and the verification of a delivery."""

import json
import pickle
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from apps.extracts.engine.delivery import read_manifest
from apps.extracts.engine.filters import Filter
from apps.extracts.engine.html_page import html_page
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.risk import masked
from apps.extracts.engine.run import ExtractRun, engine_versions, run_all
from apps.extracts.engine.signature import SIGNATURE, Signer
from apps.extracts.engine.source import sha256_of
from apps.extracts.engine.verify import verify
from tests.unit.engine.conftest import DIABETES, KEY


@pytest.fixture(scope="session")
def delivered(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A delivery made once."""
    from apps.extracts.engine.definition import Definition

    out = tmp_path_factory.mktemp("delivered") / "out"
    run_all(ExtractRun.open(Definition.from_json(DIABETES), source=source, out=out, key=KEY, request_id="r1"))
    return out


@pytest.fixture
def delivery(delivered: Path, tmp_path: Path) -> Path:
    """A copy of the delivery that a test may spoil."""
    return Path(shutil.copytree(delivered, tmp_path / "delivery"))


def test_the_manifest_says_what_was_made_from_what(delivered: Path, source: Path) -> None:
    manifest = read_manifest(delivered)
    assert manifest["request_id"] == "r1"
    assert manifest["synthetic"] is True
    assert manifest["source_release"] == json.loads((source / "SOURCE.json").read_text())["release"]
    assert manifest["engine"] == engine_versions("duckdb")
    assert len(manifest["key_id"]) == 16
    assert set(manifest["sentences"]) == {"fr", "en"}


def test_every_file_is_described(delivered: Path) -> None:
    files = {file["path"]: file for file in read_manifest(delivered)["files"]}
    assert set(files) == {path.relative_to(delivered).as_posix() for path in delivered.rglob("*.parquet")}
    for path, file in files.items():
        table = pq.read_table(delivered / path)
        assert file["rows"] == table.num_rows
        assert [name for name, _ in file["schema"]] == table.column_names
        persons = len(set(table.column("PATIENT_ID").to_pylist())) if "PATIENT_ID" in table.column_names else None
        assert file["persons"] == persons


def test_filters_are_counted_where_they_remove(delivered: Path) -> None:
    filters = {entry["name"]: entry for entry in read_manifest(delivered)["filters"]}
    assert set(filters) == {chosen.value for chosen in Filter}
    assert all(entry["applied"] for entry in filters.values())
    for name in ("dcir_expense_qualifier", "dcir_expense_qualifier_sent", "dcir_supplements", "ald_natures"):
        assert filters[name]["rows_removed_from_population"] > 0, name
    assert filters["dcir_supplements"]["rows_removed_from_delivery"] > 0


def test_a_filter_that_is_off_is_shown_as_such(opened: Callable[..., ExtractRun]) -> None:
    from apps.extracts.engine.definition import Definition

    run = opened(definition=Definition.from_json({**DIABETES, "filters": ["ald_natures"]}))
    run_all(run)
    filters = {entry["name"]: entry for entry in read_manifest(run.out)["filters"]}
    assert [name for name, entry in filters.items() if entry["applied"]] == ["ald_natures"]
    assert filters["dcir_supplements"]["rows_removed_from_delivery"] == 0
    assert "(not applied)" in (run.out / "README.md").read_text()


def test_the_population_flow_begins_with_everybody_and_masks_small_counts(delivered: Path) -> None:
    flow = read_manifest(delivered)["population_flow"]
    assert flow[0]["persons"] == 400
    assert flow[-1]["persons"] <= 400
    assert [masked(count) for count in (0, 10, 11)] == ["<11", "<11", 11]


def test_the_page_is_in_both_languages_and_says_that_nobody_is_real(delivered: Path) -> None:
    page = (delivered / "README.md").read_text()
    assert "aucune personne réelle" in page
    assert "no real person" in page
    assert "| PFS_EXE_ID | Pseudonyme du professionnel exécutant |" in page
    assert "| CLAIM_ID | pseudonym of the care line" in page


def test_a_real_source_is_not_called_synthetic(opened: Callable[..., ExtractRun], source: Path, tmp_path: Path) -> None:
    from apps.extracts.engine.source import describe

    real = Path(shutil.copytree(source, tmp_path / "real"))
    describe(real, synthetic=False, facts={})
    run = opened(source=real)
    run_all(run)
    assert "no real person" not in (run.out / "README.md").read_text()


def codes(folder: Path) -> list[tuple[str, str]]:
    return [(problem.path, problem.code) for problem in verify(folder)]


def test_a_sound_delivery_verifies(delivery: Path) -> None:
    assert codes(delivery) == []


FILE = "IR_BEN_R/all.parquet"


def test_extra_missing_cut_and_changed_files_are_noticed(delivery: Path) -> None:
    (delivery / "ER_PRS_F" / "more.parquet").write_bytes(b"x")
    assert codes(delivery) == [("ER_PRS_F/more.parquet", "extra_file")]
    (delivery / "ER_PRS_F" / "more.parquet").unlink()
    whole = (delivery / FILE).read_bytes()
    (delivery / FILE).write_bytes(whole[:-1])
    assert codes(delivery) == [(FILE, "bytes")]
    (delivery / FILE).write_bytes(bytes([*whole[:50], whole[50] ^ 1, *whole[51:]]))
    assert codes(delivery) == [(FILE, "sha256")]
    (delivery / FILE).unlink()
    assert codes(delivery) == [(FILE, "missing_file")]


def test_a_page_that_was_changed_is_noticed(delivery: Path) -> None:
    page = delivery / "README.md"
    page.write_text(page.read_text() + "more")
    assert codes(delivery) == [("README.md", "bytes")]


def rewrite(delivery: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    manifest = read_manifest(delivery)
    change(manifest)
    (delivery / "manifest.json").write_text(json.dumps(manifest))
    KEY.signer().sign(delivery / "manifest.json")


def entry(manifest: dict[str, Any]) -> dict[str, Any]:
    return next(file for file in manifest["files"] if file["path"] == FILE)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda manifest: entry(manifest).update(rows=1), [(FILE, "rows")]),
        (lambda manifest: entry(manifest).update(persons=1), [(FILE, "persons")]),
        (lambda manifest: entry(manifest)["schema"][0].__setitem__(1, "int64"), [(FILE, "schema")]),
        (lambda manifest: manifest.update(definition_hash="0"), [("manifest.json", "definition_hash")]),
        (lambda manifest: manifest["sentences"].update(fr="Tout le monde."), [("manifest.json", "sentences")]),
        (lambda manifest: manifest["definition"].update(title=""), [("manifest.json", "bad_definition")]),
        (lambda manifest: manifest.pop("files"), [("manifest.json", "no_manifest")]),
        (lambda manifest: entry(manifest).pop("sha256"), [("manifest.json", "bad_manifest")]),
        (lambda manifest: entry(manifest).update(table="NOPE"), [("manifest.json", "bad_manifest")]),
    ],
)
def test_a_manifest_that_says_something_else_is_noticed(
    delivery: Path, change: Callable[[dict[str, Any]], Any], expected: list[tuple[str, str]]
) -> None:
    rewrite(delivery, change)
    assert codes(delivery) == expected


def test_columns_that_were_not_asked_for_are_noticed(delivery: Path) -> None:
    table = pq.read_table(delivery / FILE)
    pq.write_table(table.append_column("BEN_NIR_PSA", table.column(1)), delivery / FILE)

    def describe_it(manifest: dict[str, Any]) -> None:
        file = delivery / FILE
        schema = [[field.name, str(field.type)] for field in pq.read_schema(file)]
        entry(manifest).update(bytes=file.stat().st_size, sha256=sha256_of(file), schema=schema)

    rewrite(delivery, describe_it)
    assert codes(delivery) == [(FILE, "columns")]


def test_a_file_that_is_not_parquet_is_noticed(delivery: Path) -> None:
    (delivery / FILE).write_bytes(b"not parquet")
    rewrite(delivery, lambda manifest: entry(manifest).update(bytes=11, sha256=sha256_of(delivery / FILE)))
    assert codes(delivery) == [(FILE, "format")]


@pytest.mark.parametrize("text", ["", "[]", "{}", "not json"])
def test_an_unreadable_manifest_is_noticed(delivery: Path, text: str) -> None:
    (delivery / "manifest.json").write_text(text)
    assert codes(delivery) == [("manifest.json", "no_manifest")]


SIGNED = [("manifest.sig.json", "bad_signature")]


def test_a_manifest_changed_after_it_was_signed_is_noticed(delivery: Path) -> None:
    manifest = delivery / "manifest.json"
    manifest.write_text(manifest.read_text() + " ")
    assert codes(delivery) == SIGNED


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"public_key": "00", "signature": "00"}'])
def test_a_missing_or_meaningless_signature_is_noticed(delivery: Path, text: str) -> None:
    (delivery / SIGNATURE).write_text(text)
    assert codes(delivery) == SIGNED
    (delivery / SIGNATURE).unlink()
    assert codes(delivery) == SIGNED


def test_a_signature_of_another_algorithm_or_another_key_is_noticed(delivery: Path) -> None:
    described = json.loads((delivery / SIGNATURE).read_text())
    (delivery / SIGNATURE).write_text(json.dumps({**described, "algorithm": "none"}))
    assert codes(delivery) == SIGNED
    Signer(bytes(range(2, 34))).sign(delivery / "manifest.json")
    assert codes(delivery) == SIGNED


def test_a_verifier_may_name_the_key_that_must_have_signed(delivery: Path) -> None:
    assert verify(delivery, KEY.signer().public_key) == ()
    other = ProjectKey(bytes(range(1, 33))).signer()
    assert [problem.code for problem in verify(delivery, other.public_key)] == ["bad_signature"]


def test_a_signer_is_silent_about_its_key() -> None:
    signer = KEY.signer()
    assert signer.public_key in repr(signer)
    with pytest.raises(TypeError, match="never serialised"):
        pickle.dumps(signer)
    with pytest.raises(ValueError, match="32"):
        Signer(bytes(31))


def test_what_cannot_be_read_is_no_manifest(tmp_path: Path) -> None:
    assert read_manifest(tmp_path) == {}
    (tmp_path / "manifest.json").mkdir()
    assert read_manifest(tmp_path) == {}


def test_the_manifest_tells_the_risk_of_each_table_and_the_families_delivered(delivered: Path) -> None:
    manifest = read_manifest(delivered)
    assert set(manifest["risk"]) == {"IR_BEN_R", "ER_PRS_F"}
    sets = manifest["risk"]["IR_BEN_R"]["sets"]
    assert [one["quasi_identifiers"] for one in sets] == [["BEN_SEX_COD"], ["BEN_SEX_COD", "BEN_NAI_ANN"]]
    assert sets[0]["after"]["k"] >= sets[1]["after"]["k"]
    assert manifest["potential_identifiers"]["birth"] == {"columns": ["IR_BEN_R.BEN_NAI_ANN"], "coarsened_to": None}
    page = (delivered / "README.md").read_text()
    assert "## Risk of re-identification" in page
    assert "░ " in page
    assert "(exact values)" in page


def test_nothing_at_all_is_noticed(tmp_path: Path) -> None:
    assert codes(tmp_path / "nowhere") == [("manifest.json", "no_manifest")]


def test_the_report_is_a_page_to_be_read_beside_the_data(delivered: Path) -> None:
    page = (delivered / "REPORT.html").read_text()
    assert "REPORT.html" in read_manifest(delivered)["documents"]
    assert page.count('<section lang="') == 2
    assert page.count('role="img"') == 2 * len(read_manifest(delivered)["risk"])
    assert "<script" not in page
    assert "http" not in page
    for word in ("Données synthétiques", "Synthetic data", read_manifest(delivered)["definition_hash"]):
        assert word in page


def test_the_page_of_the_report_tells_what_is_made_coarser_and_what_is_not_there(delivered: Path) -> None:
    manifest = {
        **read_manifest(delivered),
        "synthetic": False,
        "risk": {},
        "potential_identifiers": {},
        "request_id": "",
    }
    page = html_page(manifest)
    assert "Aucun." in page
    assert "no real person" not in page
    exposed = {"persons": 40, "k": 3, "l": None, "alone": "<11", "share_alone": 0.05, "in_classes_under_11": "<11"}
    coarser = {"quasi_identifiers": ["BEN_NAI_ANN"], "after": exposed, "before": {**exposed, "k": 1}}
    told = {"birth": {"columns": ["IR_BEN_R.BEN_NAI_ANN"], "coarsened_to": "ten_years"}}
    more = html_page(
        {**manifest, "risk": {"IR_BEN_R": {"sensitive": "", "sets": [coarser]}}, "potential_identifiers": told}
    )
    assert "to the ten-year class" in more
    assert 'class="before"' in more
    assert "k, exact values" in more
    assert "&lt;11" in more, "counts are text, never markup"
