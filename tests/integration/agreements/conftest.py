"""What every test of agreements needs."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.accounts.models import Person
from apps.agreements.models import Agreement
from tests.factories import agreements
from tests.factories import applications as dossiers


@pytest.fixture(autouse=True)
def media_dir(tmp_path: Path) -> Iterator[Path]:
    """A folder of its own for the documents."""
    with dossiers.documents_kept_in(tmp_path / "media"):
        yield tmp_path / "media"


@dataclass
class Desk:
    """An agreement open to signatures, with one signatory of each party."""

    agreement: Agreement
    applicant: Person
    controller: Person
    platform: Person


@pytest.fixture
def desk(db: None) -> Desk:
    applicant = dossiers.researcher()
    found = agreements.signing(by=applicant)
    return Desk(
        found,
        applicant,
        agreements.signatory(found.application.organisation),
        agreements.signatory(dossiers.platform()),
    )
