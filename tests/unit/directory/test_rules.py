"""When a project is shown as what, and how a publication is recognised."""

from datetime import date

import pytest

from apps.directory.content import folded
from apps.directory.rules import Stage, doi_of, stage

FROM, TO = date(2027, 1, 1), date(2028, 12, 31)


@pytest.mark.parametrize(
    ("today", "results", "shown"),
    [
        (date(2026, 12, 31), False, Stage.TO_COME),
        (FROM, False, Stage.UNDER_WAY),
        (TO, False, Stage.UNDER_WAY),
        (date(2029, 1, 1), False, Stage.ENDED),
        (date(2028, 1, 1), True, Stage.RESULTS),
    ],
)
def test_stage(today: date, results: bool, shown: Stage) -> None:
    assert stage(FROM, TO, results, today) is shown


@pytest.mark.parametrize(
    ("reference", "doi"),
    [
        ("Durand C. Diabète. Lancet 2028. doi:10.1016/S0140-6736(20)30183-5.", "10.1016/S0140-6736(20)30183-5"),
        ("https://doi.org/10.1038/nature12373", "10.1038/nature12373"),
        ("(voir 10.1038/nature12373).", "10.1038/nature12373"),
        ("Rapport interne", ""),
    ],
)
def test_the_identifier_of_a_publication(reference: str, doi: str) -> None:
    assert doi_of(reference) == doi


def test_a_search_minds_neither_accents_nor_capitals() -> None:
    assert folded("Épidémiologie ŒUVRE") == folded("épidémiologie œuvre")
    assert folded("Insuffisance Rénale") == "insuffisance renale"
