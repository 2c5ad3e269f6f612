"""Rapporteurs are asked and released; whoever is asked answers, once."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.committee import rules, selectors
from apps.committee.models import Ballot, File
from apps.committee.services.guarding import ballots_void, file_locked, record, refuse_unless_allowed
from apps.core.errors import RefusedError
from apps.core.happenings import happened


def rapporteur_ask(*, file: File, rapporteur: Person, by: Person) -> Ballot:
    """Ask a member for a report on the file; asking again changes nothing. Raises RefusedError."""
    with transaction.atomic():
        locked = file_locked(file)
        facts = replace(
            selectors.file_facts(locked, by),
            candidate_conflicts=selectors.conflicts_of(rapporteur, locked.application),
            candidate_is_member=selectors.members_on(timezone.localdate()).filter(pk=rapporteur.pk).exists(),
        )
        refuse_unless_allowed("committee.rapporteur_ask", facts)
        asked, is_new = Ballot.objects.get_or_create(
            file=locked,
            kind=Ballot.Kind.REPORT,
            person=rapporteur,
            voided_at=None,
            defaults={"content_hash": locked.content_hash, "asked_by": by, "asked_at": timezone.now()},
        )
        if is_new:
            record("committee.rapporteur_asked", locked, str(by.pk), {"ballot": str(asked.pk)})
            happened("committee.rapporteur_asked", subject_id=str(asked.pk), by=str(by.pk))
        return asked


def rapporteur_release(*, file: File, person_id: str, by: Person) -> None:
    """Ask a member no longer; a report already given counts no longer. Nothing happens when none is asked of them."""
    with transaction.atomic():
        locked = file_locked(file)
        refuse_unless_allowed("committee.rapporteur_release", selectors.file_facts(locked, by))
        asked = Ballot.objects.filter(file=locked, kind=Ballot.Kind.REPORT, person_id=person_id)
        if ballots_void(asked, Ballot.Void.RELEASED):
            record("committee.rapporteur_released", locked, str(by.pk))


def ballot_answer(
    *, file: File, outcome: str, comment: str, recommendations: Iterable[Mapping[str, str]], by: Person
) -> Ballot:
    """Answer what the person was asked about the file: the report, or the vote while it is open. A double click answers
    once.

    Raises RefusedError: not asked, answered already, no declaration of interests, dossier changed, nothing said.
    """
    with transaction.atomic():
        locked = file_locked(file)
        same = _same_answer(locked, outcome, comment, by)
        if same:
            return same
        refuse_unless_allowed("committee.answer", selectors.file_facts(locked, by))
        ballot = _awaited(locked, by)
        if ballot.kind == Ballot.Kind.REPORT and not comment.strip():
            raise RefusedError((_("Write your report: it is what the committee reads."),), field="comment")
        _answered(ballot, outcome, comment.strip(), list(recommendations))
        record(f"committee.{ballot.kind}_given", locked, str(by.pk), {"ballot": str(ballot.pk)})
        return ballot


def _same_answer(file: File, outcome: str, comment: str, by: Person) -> Ballot | None:
    """The answer that this same click already gave."""
    given = Ballot.objects.filter(file=file, person=by, voided_at=None, outcome=outcome, comment=comment.strip())
    awaited = Ballot.objects.filter(file=file, person=by, voided_at=None, answered_at=None)
    return None if awaited.exists() else given.exclude(answered_at=None).first()


def _awaited(file: File, by: Person) -> Ballot:
    """The ballot that awaits the person: the report comes before the vote."""
    awaited = Ballot.objects.filter(file=file, person=by, voided_at=None, answered_at=None)
    return awaited.order_by("asked_at")[0]


def _answered(ballot: Ballot, outcome: str, comment: str, recommendations: list[Mapping[str, str]]) -> None:
    ballot.outcome, ballot.comment = rules.Outcome(outcome).value, comment
    ballot.recommendations = [dict(one) for one in recommendations]
    ballot.answered_at = timezone.now()
    ballot.save(update_fields=["outcome", "comment", "recommendations", "answered_at"])
