"""Excluding somebody from new applications after a misuse, and lifting it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Person
from apps.applications.field_rules import years_after
from apps.applications.models import Application, Exclusion
from apps.applications.policy import policy_on
from apps.applications.services.guarding import record
from apps.core.errors import RefusedError


@dataclass(frozen=True)
class Excluded:
    """Which people and organisations file nothing until a day, and why."""

    people: Iterable[UUID]
    organisations: Iterable[UUID]
    until_on: date
    reason: str


def exclusions_make(*, application: Application, excluded: Excluded, by: Person) -> list[Exclusion]:
    """Bar people and organisations from new applications after a misuse of what this dossier was granted.

    To be called in the transaction that withdraws the authorisation. Raises RefusedError (field "until_on" or "reason")
    for a day that is past or beyond what the rules allow, and without a reason.
    """
    today = timezone.localdate()
    latest = years_after(today, policy_on(today).exclusion.longest_years)
    if not today < excluded.until_on <= latest:
        raise RefusedError((_("An exclusion ends after today, and within what the rules allow."),), field="until_on")
    if not excluded.reason.strip():
        raise RefusedError((_("Say what the misuse was: those concerned read it."),), field="reason")
    shared = {
        "application": application,
        "reason": excluded.reason.strip(),
        "until_on": excluded.until_on,
        "by": by,
        "at": timezone.now(),
    }
    made = [Exclusion(person_id=person, **shared) for person in excluded.people]
    made += [Exclusion(organisation_id=organisation, **shared) for organisation in excluded.organisations]
    for one in made:
        one.save(force_insert=True)
        record("application.excluded", application, by, {"exclusion": str(one.pk), "until": str(one.until_on)})
    return made


def exclusion_lift(*, exclusion: Exclusion, reason: str, by: Person) -> None:
    """End an exclusion before its day, saying why. Nothing happens when it was lifted already.

    Raises RefusedError without a reason (field "reason"), or for one's own.
    """
    if not reason.strip():
        raise RefusedError((_("Say why the exclusion is lifted."),), field="reason")
    if exclusion.person_id == by.pk:
        raise RefusedError((_("Nobody lifts their own exclusion."),))
    with transaction.atomic():
        lifted = Exclusion.objects.filter(pk=exclusion.pk, lifted_at=None).update(
            lifted_at=timezone.now(), lifted_by=by, lifted_because=reason.strip()
        )
        if lifted:
            record("application.exclusion_lifted", exclusion.application, by, {"exclusion": str(exclusion.pk)})
