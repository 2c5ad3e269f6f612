"""What every test of the committee needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.accounts.models import Person
from apps.committee.models import File
from tests.factories import applications as dossiers
from tests.factories import committee


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own for the documents."""
    with dossiers.documents_kept_in(tmp_path / "media"):
        yield tmp_path / "media"


@dataclass
class Committee:
    """A secretary, three members, and a file that came before them."""

    secretary: Person
    members: tuple[Person, Person, Person]
    file: File
    applicant: Person


@pytest.fixture
def room(db: None) -> Committee:
    """The committee with one file that waits."""
    applicant = dossiers.researcher()
    application = dossiers.at_status("committee", path="full_authorisation", by=applicant)
    people = (committee.member(), committee.member(), committee.member())
    return Committee(committee.secretary(), people, committee.file(application), applicant)
