"""A small synthetic source, made once, and a definition that exercises every table."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from apps.extracts.engine.definition import Definition
from apps.extracts.engine.places import ObjectPath
from apps.extracts.engine.pseudonyms import ProjectKey
from apps.extracts.engine.run import ExtractRun
from apps.extracts.engine.synthetic import SyntheticRequest, generate
from tests.support.object_store import object_store, upload

PERIOD = {"from": "2021-10-01", "to": "2021-12-31"}
DIABETES = {
    "schema_version": 1,
    "title": "Diabète",
    "population": {
        "any_of": [
            {"stay": {"diagnosis": ["E11"], "period": PERIOD}},
            {"long_term_condition": {"diagnosis": ["E11"], "period": PERIOD}},
            {"drug": {"atc": ["A10"], "period": PERIOD, "at_least": 2}},
        ]
    },
    "scope": {
        "tables": {
            "IR_BEN_R": ["BEN_SEX_COD", "BEN_NAI_ANN"],
            "IR_IMB_R": ["MED_MTF_COD"],
            "ER_PRS_F": ["EXE_SOI_DTD", "PRS_NAT_REF", "PFS_EXE_ID"],
            "ER_PHA_F": ["PHA_PRS_C13"],
            "T_MCOaaB": ["DGN_PAL", "ETA_ID"],
            "KI_CCI_R": ["DCD_CIM_COD"],
            "IR_PHA_R": ["PHA_CIP_C13", "PHA_ATC_CLA"],
        },
        "period": PERIOD,
    },
}
WOMEN = {
    **DIABETES,
    "population": {"sex": "female"},
    "scope": {
        "tables": {"IR_BEN_R": ["BEN_SEX_COD"], "ER_PHA_F": ["PHA_PRS_C13"]},
        "period": {"from": "2021-12-01", "to": "2021-12-31"},
    },
}
KEY = ProjectKey(bytes(range(32)))


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """400 invented people over one year. Tests that spoil a source copy it first."""
    folder = tmp_path_factory.mktemp("synthetic") / "source"
    generate(SyntheticRequest(people=400, first_year=2021, last_year=2021, seed=3), folder)
    return folder


@pytest.fixture
def definition() -> Definition:
    """Diabetes, with every kind of table."""
    return Definition.from_json(DIABETES)


@pytest.fixture
def opened(source: Path, definition: Definition, tmp_path: Path) -> Callable[..., ExtractRun]:
    """Open the run of the definition into ``tmp_path/out``."""

    def run(**changes: Any) -> ExtractRun:
        chosen = {"source": source, "out": tmp_path / "out", "key": KEY, "request_id": "r1", **changes}
        return ExtractRun.open(chosen.pop("definition", definition), **chosen)

    return run


@pytest.fixture(scope="module")
def bucket(source: Path) -> Iterator[ObjectPath]:
    """The synthetic source under ``snds``."""
    with object_store("hdh") as bucket:
        upload(source, bucket / "snds")
        yield bucket


@pytest.fixture
def in_store(
    opened: Callable[..., ExtractRun], bucket: ObjectPath, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[..., ExtractRun]:
    """Open the run of a small definition, from the bucket into the bucket."""
    places_of_test = {"source": bucket / "snds", "out": bucket / "deliveries" / request.node.name}

    def run(**changes: Any) -> ExtractRun:
        given = {**places_of_test, "work": tmp_path / "work", **changes}
        return opened(definition=Definition.from_json(WOMEN), **given)

    return run
