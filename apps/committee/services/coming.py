"""A dossier comes before the committee, changes, or leaves it: the file follows."""

from django.utils import timezone

from apps.applications.models import Application
from apps.committee import rules
from apps.committee.models import Ballot, File
from apps.committee.services.guarding import ballots_void, record


def file_follow(*, application: Application, awaited: bool, by: str) -> File | None:
    """Make the committee's file agree with its dossier. In the caller's transaction; doing it again changes nothing.

    `awaited`: the procedure awaits the committee's opinion on the dossier as it is now. A file whose dossier changed or
    left ends, and what was answered about it is void; a dossier that is awaited has one open file with its content.
    """
    present = File.objects.filter(application=application, stage__in=rules.OPEN_STAGES).first()
    if present and awaited and rules.is_held(application.content_hash, present.content_hash):
        return present
    if present:
        _end(present, Ballot.Void.CHANGED if awaited else Ballot.Void.LEFT, by)
    return _begin(application, by) if awaited else None


def _end(file: File, reason: Ballot.Void, by: str) -> None:
    voided = ballots_void(Ballot.objects.filter(file=file), reason)
    File.objects.filter(pk=file.pk).update(
        stage=rules.Stage.ENDED,
        session=None,
        ended_at=timezone.now(),
        end_reason=reason,
        version=file.version + 1,
    )
    if voided:
        record("committee.ballots_voided", file, by, {"reason": reason.value, "ballots": voided})
    record("committee.file_ended", file, by, {"reason": reason.value})


def _begin(application: Application, by: str) -> File:
    file = File.objects.create(
        application=application,
        round=application.round,
        content_hash=application.content_hash,
        came_at=timezone.now(),
    )
    record("committee.file_came", file, by, {"content_hash": file.content_hash, "round": file.round})
    return file
