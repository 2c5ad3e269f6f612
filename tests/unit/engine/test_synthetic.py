"""The synthetic SNDS: reproducible, marked, and holding the cases that matter."""

import hashlib
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import duckdb
import numpy as np
import pytest

from apps.extracts.engine.catalogue import CATALOGUE, CLAIM_KEYS
from apps.extracts.engine.filters import DUPLICATE_FACILITIES, RETURN_CODES
from apps.extracts.engine.problems import EngineError
from apps.extracts.engine.source import Source
from apps.extracts.engine.synthetic import SyntheticRequest, generate, making, referentials
from apps.extracts.engine.synthetic.profiles import AGE_BANDS

generate_module = sys.modules["apps.extracts.engine.synthetic.generate"]
REQUEST = SyntheticRequest(people=400, first_year=2021, last_year=2021, seed=3)


def content(folder: Path) -> dict[str, str]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def asked(source: Path, query: str) -> list[tuple[object, ...]]:
    """A query over the source; ``{ER_PRS_F}`` stands for a table."""
    names = {
        table.name: f"read_parquet('{source}/{table.name.replace('aa', '*')}/**/*.parquet')"
        for table in CATALOGUE.tables.values()
    }
    with duckdb.connect() as connection:
        return connection.execute(query.format(**names)).fetchall()


def test_the_same_request_gives_the_same_bytes_and_another_seed_others(source: Path, tmp_path: Path) -> None:
    generate(REQUEST, tmp_path / "again")
    assert content(tmp_path / "again") == content(source)
    generate(SyntheticRequest(people=400, first_year=2021, last_year=2021, seed=4), tmp_path / "other")
    assert content(tmp_path / "other") != content(source)


def test_it_says_that_it_is_synthetic(source: Path) -> None:
    described = json.loads((source / "SOURCE.json").read_text())
    assert described["synthetic"] is True
    assert described["made_by"]["seed"] == 3
    assert Source.open(source).synthetic


def test_every_table_of_the_catalogue_is_there_every_month_of_flux(source: Path) -> None:
    opened = Source.open(source)
    for table in CATALOGUE.tables.values():
        assert opened.partitions(table), table.name
    months = opened.partitions(CATALOGUE.tables["ER_PRS_F"])
    assert months[0] == "2021-02"
    assert months[-1] == "2022-06"
    assert months == opened.partitions(CATALOGUE.tables["ER_CAM_F"])


def test_the_nine_keys_are_unique_and_join(source: Path) -> None:
    keys = ", ".join(CLAIM_KEYS)
    assert asked(source, f"FROM {{ER_PRS_F}} SELECT count(*) = count(DISTINCT ({keys}))") == [(True,)]
    lost = asked(source, f"FROM {{ER_PHA_F}} ANTI JOIN {{ER_PRS_F}} USING ({keys}) SELECT count(*)")
    assert lost == [(0,)]


def test_people_have_the_identities_of_the_real_ones(source: Path) -> None:
    found = asked(
        source,
        "SELECT count(*) FILTER (n > 1 AND BEN_NIR_ANO IS NOT NULL), count(*) FILTER (BEN_NIR_ANO IS NULL) "
        "FROM (SELECT BEN_NIR_ANO, count(DISTINCT BEN_NIR_PSA) n FROM {IR_BEN_R} GROUP BY ALL)",
    )
    assert all(isinstance(count, int) and count > 0 for count in found[0])
    assert asked(source, "SELECT count(*) > 0 FROM {IR_BEN_R} WHERE BEN_RNG_GEM = 2") == [(True,)]


@pytest.mark.parametrize(
    ("table", "condition"),
    [
        ("ER_PRS_F", "DPN_QLF = 71"),
        ("ER_PRS_F", "PRS_DPN_QLP = 71"),
        ("ER_PRS_F", "CPL_MAJ_TOP = 2"),
        ("T_MCOaaC", " OR ".join(f"{code} = '1'" for code in RETURN_CODES)),
        ("ER_ETE_F", "ETE_IND_TAA = 1"),
        ("ER_PHA_F", "PHA_ACT_QSN < 0"),
        ("T_MCOaaB", "GRG_GHM LIKE '90%'"),
        ("T_MCOaaB", "DGN_PAL = 'Z383'"),
        ("IR_IMB_R", "IMB_ETM_NAT = 12"),
    ],
)
def test_every_filter_has_its_cases(source: Path, table: str, condition: str) -> None:
    assert asked(source, f"FROM {{{table}}} SELECT count(*) > 0 WHERE {condition}") == [(True,)]


def test_stays_sent_twice_are_there_until_2017(source: Path, tmp_path: Path) -> None:
    generate(SyntheticRequest(people=300, first_year=2017, last_year=2017, seed=1), tmp_path / "old")
    query = f"FROM {{T_MCOaaC}} SELECT count(*) > 0 WHERE ETA_NUM IN {DUPLICATE_FACILITIES}"
    assert asked(tmp_path / "old", query) == [(True,)]
    assert asked(source, query) == [(False,)]


def test_what_a_reversal_cancels_has_the_same_day_and_product(source: Path) -> None:
    keys = ", ".join(CLAIM_KEYS)
    sums = f"FROM {{ER_PHA_F}} JOIN {{ER_PRS_F}} c USING ({keys}) JOIN {{IR_BEN_R}} b USING (BEN_NIR_PSA, BEN_RNG_GEM) "
    sums += (
        "SELECT b.BEN_IDT_ANO, EXE_SOI_DTD, PHA_PRS_C13, min(PHA_ACT_QSN) lowest, sum(PHA_ACT_QSN) total GROUP BY ALL"
    )
    found = asked(source, f"FROM ({sums}) SELECT count(*) > 0, count(*) FILTER (total = 0) > 0 WHERE lowest < 0")
    assert found == [(True, True)]


def test_blocks_are_the_same_whatever_the_number_of_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    request = SyntheticRequest(people=making.BLOCK + 300, first_year=2021, last_year=2021, seed=1)
    small = [making.Making(tmp_path / "one", 1, 0), making.Making(tmp_path / "one", 1, 1)]
    assert not np.array_equal(small[0].draw("people").random(3), small[1].draw("people").random(3))
    made: list[int] = []
    monkeypatch.setattr(generate_module, "_fill_block", lambda block, *_: made.append(block))
    monkeypatch.setattr(generate_module, "ProcessPoolExecutor", lambda *_, **__: ThreadPoolExecutor(2))
    generate(request, tmp_path / "two", processes=2)
    generate(request, tmp_path / "three", processes=1)
    assert sorted(made) == [0, 0, 1, 1]


def test_blocks_number_their_statements_stays_and_deaths_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (making, generate_module, referentials):
        monkeypatch.setattr(module, "BLOCK", 300)
    generate(SyntheticRequest(people=500, first_year=2021, last_year=2021, seed=1), tmp_path / "both")
    keys = ", ".join(CLAIM_KEYS)
    assert asked(tmp_path / "both", f"FROM {{ER_PRS_F}} SELECT count(*) = count(DISTINCT ({keys}))") == [(True,)]
    assert asked(tmp_path / "both", "FROM {T_MCOaaB} SELECT count(*) = count(DISTINCT (ETA_NUM, RSA_NUM))") == [(True,)]
    assert asked(tmp_path / "both", "FROM {KI_CCI_R} SELECT count(*) = count(DISTINCT DCD_IDT_ENC)") == [(True,)]


def test_nothing_happens_to_the_dead(source: Path) -> None:
    late = "FROM {ER_PRS_F} JOIN {IR_BEN_R} b USING (BEN_NIR_PSA, BEN_RNG_GEM) SELECT count(*) "
    late += "WHERE EXE_SOI_DTD >= b.BEN_DCD_DTE"
    assert asked(source, late) == [(0,)]


def test_ages_cover_everybody() -> None:
    assert sum(share for _, share in AGE_BANDS) == pytest.approx(1)


@pytest.mark.parametrize(
    "request_",
    [
        SyntheticRequest(99, 2021, 2021, 1),
        SyntheticRequest(400, 2005, 2021, 1),
        SyntheticRequest(400, 2021, 2020, 1),
        SyntheticRequest(400, 2021, 2021, -1),
    ],
)
def test_what_cannot_be_made_is_refused(request_: SyntheticRequest, tmp_path: Path) -> None:
    with pytest.raises(EngineError):
        generate(request_, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("precious")
    with pytest.raises(EngineError, match="not an empty folder"):
        generate(REQUEST, tmp_path / "out")
    with pytest.raises(EngineError, match="not an empty folder"):
        generate(REQUEST, tmp_path / "out" / "mine")
    assert [path.name for path in tmp_path.rglob("*")] == ["out", "mine"]
    (tmp_path / "out" / "mine").unlink()
    (tmp_path / ".out.making").mkdir()
    generate(REQUEST, tmp_path / "out")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
