"""The disclosure risk of delivered rows, counted by hand on small tables."""

import random
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.extracts.engine import exposure, persons
from apps.extracts.engine.catalogue import CATALOGUE
from apps.extracts.engine.definition import Definition
from apps.extracts.engine.exposure import exposures
from apps.extracts.engine.parquet import opened
from apps.extracts.engine.risk import is_coarser, masked, potential_identifiers, quasi_identifiers, sensitive, shown
from tests.spec.tables import definition_of

COLUMNS = ("sex", "dep", "code")
EVERYBODY = {"any_of": [{"sex": "female"}, {"sex": "male"}]}
Row = tuple[int, int | None, str | None, str | None]


def pseudonyms(persons: Iterable[int], alike: bool) -> Any:
    """UUIDs of persons: all with the same first half, or each with its own."""
    made = [person if alike else person * 0x9E3779B97F4A7C15 << 64 for person in persons]
    return pa.ExtensionArray.from_storage(pa.uuid(), pa.array([(n % 2**128).to_bytes(16) for n in made], pa.binary(16)))


def exposed(
    folder: Path, rows: Sequence[Row], sets: Sequence[tuple[str, ...]], diverse: str, alike: bool = False
) -> list[tuple[Any, ...]]:
    """The rows in two files, looked at by the engine."""
    folder.mkdir(exist_ok=True)
    for name, part in (("one", rows[::2]), ("two", rows[1::2])):
        sex, dep, code = ([row[place] for row in part] for place in (1, 2, 3))
        values = [pa.array(sex, pa.int64()), pa.array(dep, pa.string()), pa.array(code, pa.string())]
        persons = pseudonyms([row[0] for row in part], alike)
        pq.write_table(pa.table([persons, *values], names=["PATIENT_ID", *COLUMNS]), folder / name)
    everybody = pa.table([pseudonyms(sorted({row[0] for row in rows}), alike)], names=["PATIENT_ID"])
    pq.write_table(everybody, folder / "everybody")
    found = exposures([folder / "one", folder / "two"], sets, diverse, folder / "everybody", folder)
    return [tuple(one) for one in found]


def counted(folder: Path, rows: Sequence[Row], columns: tuple[str, ...], diverse: str) -> tuple[Any, ...]:
    return exposed(folder, rows, [columns], diverse)[0]


def by_hand(rows: Sequence[Row], columns: tuple[str, ...], diverse: str) -> tuple[Any, ...]:
    """The same by sets of persons and of values."""
    places = [1 + COLUMNS.index(name) for name in columns]
    persons, values = defaultdict(set), defaultdict(set)
    for row in rows:
        of = tuple(row[place] for place in places)
        persons[of].add(row[0])
        values[of] |= {row[3]} - {None}
    alone = {person for members in persons.values() if len(members) == 1 for person in members}
    few = {person for members in persons.values() if len(members) < 11 for person in members}
    smallest = min(map(len, persons.values()), default=0)
    least = min(map(len, values.values()), default=None) if diverse else None
    return len({row[0] for row in rows}), smallest, len(alone), len(few), least


ROWS = st.lists(
    st.tuples(
        st.integers(1, 30),
        st.sampled_from([None, 1, 2]),
        st.sampled_from([None, "13", "75"]),
        st.sampled_from([None, "a", "b", "c"]),
    ),
    max_size=60,
)


@pytest.mark.parametrize("diverse", ["", "code"])
@given(
    rows=ROWS,
    rows_of_a_bucket=st.sampled_from([1, 7, 1000]),
    rows_of_a_piece=st.sampled_from([1, 5, 1000]),
    bits=st.sampled_from([0, 64]),
    alike=st.booleans(),
    persons_of_a_slice=st.sampled_from([1, 4, 1000]),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_counts_are_those_by_hand_however_they_are_made(
    tmp_path: Path,
    diverse: str,
    rows: list[Row],
    rows_of_a_bucket: int,
    rows_of_a_piece: int,
    bits: int,
    alike: bool,
    persons_of_a_slice: int,
) -> None:
    sets = [("sex",), ("sex", "dep")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(exposure, "BUCKET_ROWS", rows_of_a_bucket)
        patch.setattr(exposure, "PIECE_ROWS", rows_of_a_piece)
        patch.setattr(exposure, "PACKED_BITS", bits)
        patch.setattr(persons, "SLICE_PERSONS", persons_of_a_slice)
        found = exposed(tmp_path / "rows", rows, sets, diverse, alike)
    assert found == [by_hand(rows, columns, diverse) for columns in sets]


def test_persons_are_counted_not_rows(tmp_path: Path) -> None:
    rows = [(1, 1, "75", "a"), (1, 1, "75", "a"), (1, 1, "75", "b"), (2, 2, "75", "a"), (3, 2, "75", "a")]
    assert counted(tmp_path, rows, ("sex",), "code") == (3, 1, 1, 3, 1)


def test_a_person_in_several_classes_is_as_exposed_as_in_the_smallest(tmp_path: Path) -> None:
    rows = [(1, 1, "75", "a"), (2, 1, "75", "a"), (1, 1, "13", "a")]
    assert counted(tmp_path, rows, ("dep",), "") == (2, 1, 1, 2, None)


def test_what_is_absent_is_a_value_like_another(tmp_path: Path) -> None:
    rows: list[Row] = [(1, None, None, "a"), (2, None, None, "b"), (3, 1, None, "c")]
    assert counted(tmp_path, rows, ("sex", "dep"), "code") == (3, 1, 1, 3, 1)
    assert counted(tmp_path, rows[:2], ("sex", "dep"), "code") == (2, 2, 0, 2, 2)


def test_large_classes_are_not_small(tmp_path: Path) -> None:
    rows = [(number, 1, "75", "a") for number in range(11)]
    assert counted(tmp_path, rows, ("sex",), "") == (11, 11, 0, 0, None)


def test_a_class_has_the_persons_of_every_slice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(number, 1, "75" if number % 20 else "13", "a") for number in range(1, 41)]
    monkeypatch.setattr(persons, "SLICE_PERSONS", 3)
    assert counted(tmp_path, rows, ("sex",), "code") == (40, 40, 0, 0, 1)
    assert counted(tmp_path, rows, ("dep",), "code") == (40, 2, 0, 2, 1)


def test_one_slice_of_persons_is_at_hand_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    everybody = pa.table([pseudonyms(range(1, 1001), alike=False)], names=["PATIENT_ID"])
    pq.write_table(everybody, tmp_path / "everybody")
    monkeypatch.setattr(persons, "SLICE_PERSONS", 100)
    slices = persons.Slices(tmp_path / "everybody")
    assert (slices.count, sum(slices.sizes)) == (16, 1000)
    assert max(slices.sizes) < 100


def test_a_file_is_not_read_ahead_of_its_batches(tmp_path: Path) -> None:
    rows = pa.table([pa.array(random.Random(1).randbytes(16) for _ in range(50_000))], names=["noise"])
    pq.write_table(rows, tmp_path / "noise", row_group_size=1000, compression=None, use_dictionary=False)
    before = pa.total_allocated_bytes()
    with opened(tmp_path / "noise") as file:
        for _ in zip(range(3), file.iter_batches(1000), strict=False):
            time.sleep(0.05)
            assert pa.total_allocated_bytes() - before < 200_000


def test_no_class_leaves_nothing_behind(tmp_path: Path) -> None:
    assert counted(tmp_path, [], ("sex",), "code") == (0, 0, 0, 0, None)
    assert {path.name for path in tmp_path.iterdir()} == {"one", "two", "everybody"}


def test_small_counts_of_persons_are_masked_and_an_empty_delivery_exposes_nobody() -> None:
    found = shown(20, 1, 3, 12, 2)
    assert found == {"persons": 20, "k": 1, "l": 2, "alone": "<11", "share_alone": 0.15, "in_classes_under_11": 12}
    assert shown(0, 0, 0, 0, None)["share_alone"] == 0.0
    assert masked(11) == 11


def asked(table: str, columns: list[str], **protection: Any) -> Definition:
    return definition_of(EVERYBODY, {table: columns}, protection=protection)


@pytest.mark.parametrize(
    ("table", "columns", "expected"),
    [
        ("IR_BEN_R", ["BEN_RES_DPT", "BEN_SEX_COD"], [("BEN_SEX_COD",), ("BEN_SEX_COD", "BEN_RES_DPT")]),
        ("ER_PHA_F", ["PHA_PRS_C13"], []),
        ("IR_PHA_R", ["PHA_CIP_C13"], []),
    ],
)
def test_quasi_identifiers_are_taken_a_few_more_at_a_time(table: str, columns: list[str], expected: Any) -> None:
    assert list(quasi_identifiers(asked(table, columns), CATALOGUE.tables[table])) == expected


def test_families_are_told_with_how_coarse_they_are() -> None:
    definition = asked("IR_BEN_R", ["BEN_NAI_ANN", "BEN_RES_COM"], coarsening={"birth": "year"})
    assert potential_identifiers(definition) == {
        "birth": {"columns": ["IR_BEN_R.BEN_NAI_ANN"], "coarsened_to": "year"},
        "commune": {"columns": ["IR_BEN_R.BEN_RES_COM"], "coarsened_to": None},
    }
    table = CATALOGUE.tables["IR_BEN_R"]
    assert is_coarser(definition, table, ["BEN_NAI_ANN"])
    assert not is_coarser(definition, table, ["BEN_RES_COM", "BEN_SEX_COD", "NOPE"])


def test_diversity_is_counted_on_what_is_delivered_only() -> None:
    table = CATALOGUE.tables["T_MCOaaB"]
    assert sensitive(asked("T_MCOaaB", ["DGN_PAL", "COD_SEX"]), table) == "DGN_PAL"
    assert sensitive(asked("T_MCOaaB", ["COD_SEX"]), table) == ""


def test_the_risk_before_coarsening_is_told_beside_the_one_after(opened: Any) -> None:
    from apps.extracts.engine.delivery import read_manifest
    from apps.extracts.engine.run import run_all

    columns = ["BEN_SEX_COD", "BEN_NAI_ANN", "BEN_RES_DPT"]
    run = opened(definition=asked("IR_BEN_R", columns, coarsening={"birth": "ten_years"}))
    run_all(run)
    page = (run.out / "README.md").read_text()
    assert "<br>█" in page
    assert "month and year of birth: IR_BEN_R.BEN_NAI_ANN (" in page
    sets = read_manifest(run.out)["risk"]["IR_BEN_R"]["sets"]
    assert [set(one) for one in sets] == [{"quasi_identifiers", "before", "after"}] * 3
    assert sets[1]["before"]["share_alone"] > sets[1]["after"]["share_alone"]
    assert sets[0]["before"] == sets[0]["after"]
