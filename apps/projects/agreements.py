"""What access asks of the room of agreements, which lies above this one: it gives the fact, this room judges it."""

from collections.abc import Callable
from uuid import UUID

from apps.projects.rules import AgreementFact

AgreementReader = Callable[[UUID], AgreementFact | None]
_readers: list[AgreementReader] = []


def agreement_read_by(reader: AgreementReader) -> None:
    """Have `reader` say which agreement a project needs and how it stands (None: it needs none)."""
    _readers[:] = [reader]


def agreement_of(project_id: UUID) -> AgreementFact | None:
    """The agreement that this project needs; None when it needs none."""
    return _readers[0](project_id) if _readers else None
