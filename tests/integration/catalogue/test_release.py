"""A copy's code lists in the catalogue."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from pytest_django import DjangoAssertNumQueries

from apps.audit.models import Event
from apps.catalogue import selectors
from apps.catalogue.models import Code, Release
from apps.catalogue.services import release_read
from apps.extracts.engine.codes import System
from apps.extracts.engine.nomenclature import Nomenclature

pytestmark = pytest.mark.django_db


def nomenclature(*icd10: str) -> Nomenclature:
    codes: dict[System, tuple[str, ...]] = dict.fromkeys(System, ())
    return Nomenclature({**codes, System.ICD10: icd10})


def read(*icd10: str, release: str = "first") -> int:
    return release_read(identifier=release, synthetic=True, nomenclature=nomenclature(*icd10), by="system:test")


def test_a_release_replaces_the_codes_of_the_one_before() -> None:
    assert read("E11", "E119") == 2
    assert read("I10", release="second") == 1
    assert list(Code.objects.values_list("code", flat=True)) == ["I10"]
    assert Release.objects.count() == 2
    assert Event.objects.filter(action="catalogue.release_read").count() == 2


def test_what_is_known_is_read_once_a_release(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    read("E11", "E119")
    assert selectors.nomenclature().matching(System.ICD10, "E11") == ("E11", "E119")
    with django_assert_num_queries(1):
        selectors.nomenclature()
    read("I10", release="second")
    assert selectors.nomenclature().matching(System.ICD10, "E11") == ()


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("e11", "fr", ["E11", "E119"]),
        ("type 2", "en", ["E11", "E119"]),
        ("diabète", "fr", ["E11", "E119"]),
        ("z", "fr", []),
    ],
)
def test_codes_are_found_by_their_beginning_or_their_label(text: str, language: str, found: list[str]) -> None:
    read("E11", "E119", "I10")
    assert [code.code for code in selectors.codes_found(System.ICD10, text, language)] == found


def test_the_command_reads_a_copy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("synthetic_snds", people=100, first_year=2023, last_year=2023, seed=1, out=tmp_path / "snds")
    call_command("catalogue_sync", source=tmp_path / "snds")
    assert "codes of release" in capsys.readouterr().out
    assert Release.objects.get().synthetic
    assert {System(system) for system in Code.objects.values_list("system", flat=True)} == set(System)


def test_a_folder_that_is_no_copy_is_refused_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="SOURCE"):
        call_command("catalogue_sync", source=tmp_path)
