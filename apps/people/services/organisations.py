"""Creating and correcting organisations, and the mandates of their people."""

from collections.abc import Sequence
from datetime import date

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation, Person
from apps.accounts.rules import siren_is_valid
from apps.accounts.services import mandate_end, mandate_give
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.people import wording
from apps.people.selectors.organisations import roles_for
from apps.people.services.guarding import record_of_organisation, refuse_unless_allowed


def organisation_create(*, name: str, kind: str, siren: str, roles: Sequence[str], by: Person) -> Organisation:
    """Write a new organisation down. Raises RefusedError for a SIREN that is wrong or taken."""
    refuse_unless_allowed("organisation.create", by.staff_roles)
    _check_siren(siren)
    try:
        with transaction.atomic():
            made = Organisation.objects.create(name=name, kind=kind, siren=siren, roles=list(roles))
            record_of_organisation("organisation.created", made, by, {"siren": siren, "roles": list(roles)})
    except IntegrityError as error:
        raise RefusedError((wording.SIREN_TAKEN,), field="siren") from error
    return made


def organisation_correct(
    *, organisation: Organisation, seen_version: int, name: str, kind: str, siren: str, roles: Sequence[str], by: Person
) -> None:
    """Correct an organisation. Raises RefusedError for a SIREN that is wrong or taken, ChangedMeanwhile."""
    refuse_unless_allowed("organisation.correct", by.staff_roles)
    _check_siren(siren)
    try:
        with transaction.atomic():
            seen = Organisation.objects.filter(pk=organisation.pk, version=seen_version)
            if not seen.update(name=name, kind=kind, siren=siren, roles=list(roles), version=F("version") + 1):
                raise ChangedMeanwhile
            was = {"siren": organisation.siren, "roles": organisation.roles, "kind": organisation.kind}
            now = {"siren": siren, "roles": list(roles), "kind": kind}
            record_of_organisation("organisation.corrected", organisation, by, {"was": was, "is": now})
    except IntegrityError as error:
        raise RefusedError((wording.SIREN_TAKEN,), field="siren") from error


def _check_siren(siren: str) -> None:
    if not siren_is_valid(siren):
        raise RefusedError((wording.SIREN_WRONG,), field="siren")


def mandate_change(*, mandate: Mandate, role: str, ends_on: date | None, by: Person) -> Mandate:
    """Replace a mandate by one with another role or last day, from today on.

    Raises RefusedError for somebody's own mandate, ChangedMeanwhile when it had ended.
    """
    _refuse_unless_keeper("mandate.change", mandate, by)
    today = timezone.localdate()
    with transaction.atomic():
        mandate_end(mandate=mandate, by=by)
        return mandate_give(
            person=mandate.person,
            organisation=mandate.organisation,
            starts_on=max(today, mandate.starts_on),
            ends_on=ends_on,
            role=role,
            by=by,
        )


def mandate_end_by_keeper(*, mandate: Mandate, by: Person) -> None:
    """End somebody's mandate now. Raises RefusedError for somebody's own, ChangedMeanwhile when it had ended."""
    _refuse_unless_keeper("mandate.end", mandate, by)
    mandate_end(mandate=mandate, by=by)


def _refuse_unless_keeper(action: str, mandate: Mandate, by: Person) -> None:
    refuse_unless_allowed(action, roles_for(by, mandate.organisation), is_own=mandate.person_id == by.pk)
