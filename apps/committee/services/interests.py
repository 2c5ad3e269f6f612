"""What members declare: an interest in one dossier, or a link with an organisation."""

from datetime import date

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Organisation, Person
from apps.applications.services import notices_take_back
from apps.audit.services import event_record
from apps.committee import rules, selectors
from apps.committee.models import Ballot, Disclosure, File, Interest
from apps.committee.policy import policy_on
from apps.committee.services.guarding import ballots_void, file_locked, record, refuse_unless_allowed
from apps.core.errors import ChangedMeanwhile, RefusedError


def disclose(*, file: File, nature: str, by: Person) -> Disclosure:
    """Declare an interest in the dossier of this file (`nature`), or that there is none (blank). Twice is once.

    With an interest, what the person was asked about it is void and the dossier no longer exists for them. Raises
    RefusedError.
    """
    with transaction.atomic():
        locked = file_locked(file)
        refuse_unless_allowed("committee.disclose", selectors.file_facts(locked, by))
        if nature:
            _void_of(by, File.objects.filter(pk=locked.pk))
        made, is_new = Disclosure.objects.get_or_create(
            person=by,
            application=locked.application,
            has_interest=bool(nature),
            defaults={"nature": nature, "declared_at": timezone.now()},
        )
        if is_new:
            record("committee.disclosed", locked, str(by.pk), {"has_interest": made.has_interest})
        return made


def interest_declare(*, organisation: Organisation, nature: str, starts_on: date, by: Person) -> Interest:
    """Declare a link with an organisation: none of its dossiers exists for the person any more.

    What they were asked about those is void, and answers already given count no longer where no opinion was recorded.
    Raises RefusedError for the form field at fault.
    """
    if starts_on > timezone.localdate():
        raise RefusedError((_("Declare a link that has begun."),), field="starts_on")
    with transaction.atomic():
        made, is_new = Interest.objects.get_or_create(
            person=by,
            organisation=organisation,
            nature=nature,
            ends_on=None,
            defaults={"starts_on": starts_on, "declared_at": timezone.now()},
        )
        if is_new:
            seen = selectors.files_visible_to(by).values("pk")
            _void_of(by, File.objects.filter(stage__in=rules.OPEN_STAGES).exclude(pk__in=seen))
            _record_interest("committee.interest_declared", made, by)
        return made


def _void_of(person: Person, files: "selectors.QuerySet[File]") -> None:
    for file in files.select_for_update(no_key=True, of=("self",)):
        notices_take_back(application_id=file.application_id, person=person)
        voided = ballots_void(Ballot.objects.filter(file=file, person=person), Ballot.Void.INTEREST)
        if voided:
            reason = Ballot.Void.INTEREST.value
            record("committee.ballots_voided", file, str(person.pk), {"reason": reason, "ballots": voided})


def interest_end(*, interest: Interest, ends_on: date, by: Person) -> Interest:
    """Say that a link ended; it counts some years longer (policy). Raises RefusedError, ChangedMeanwhile."""
    today = timezone.localdate()
    if not interest.starts_on <= ends_on <= today:
        raise RefusedError((_("A link ends between its beginning and today."),), field="ends_on")
    until = rules.counts_until(ends_on, policy_on(today).interest_years)
    with transaction.atomic():
        open_ones = Interest.objects.filter(pk=interest.pk, person=by, ends_on=None)
        if not open_ones.update(ends_on=ends_on, counts_until=until):
            raise ChangedMeanwhile
        ended = Interest.objects.get(pk=interest.pk)
        _record_interest("committee.interest_ended", ended, by)
        return ended


def _record_interest(action: str, interest: Interest, by: Person) -> None:
    data = {"organisation": str(interest.organisation_id)}
    event_record(action=action, actor=str(by.pk), object_kind="interest", object_id=str(interest.pk), data=data)
