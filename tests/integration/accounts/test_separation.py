"""Separation of duties of roles, held by the database whatever the code above it does."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts import services
from apps.accounts.models import Person, StaffRole
from apps.core.errors import RefusedError
from apps.core.rules import Role
from tests.factories.accounts import PersonFactory, StaffRoleFactory, steward

pytestmark = pytest.mark.django_db
TODAY = timezone.localdate


def refused(change: Any, *args: Any, **kwargs: Any) -> bool:
    """Whether PostgreSQL itself refuses the change."""
    try:
        with transaction.atomic():
            change(*args, **kwargs)
    except IntegrityError:
        return True
    return False


def given(person: Person, by: Person | None) -> StaffRole:
    return StaffRole.objects.create(person=person, role=Role.AUDITOR, starts_on=TODAY(), given_by=by)


def test_a_steward_gives_a_role_and_the_row_says_who_gave_it() -> None:
    giver = steward()
    row = services.staff_role_give(person=PersonFactory.create(), role=Role.AUDITOR, starts_on=TODAY(), by=giver)
    assert StaffRole.objects.get(pk=row.pk).given_by == giver


def test_nobody_gives_a_role_to_themselves_neither_by_the_service_nor_by_a_row() -> None:
    person = steward()
    with pytest.raises(RefusedError):
        services.staff_role_give(person=person, role=Role.OPERATOR, starts_on=TODAY(), by=person)
    assert refused(given, person, person)


def test_only_somebody_who_holds_a_role_gives_one() -> None:
    yesterday = TODAY() - timedelta(days=1)
    former = StaffRoleFactory.create(ends_on=yesterday).person
    assert refused(given, PersonFactory.create(), PersonFactory.create())
    assert refused(given, PersonFactory.create(), former)
    assert not refused(given, PersonFactory.create(), None)


@pytest.mark.parametrize(
    "change",
    [
        {"role": "auditor"},
        {"starts_on": date(2019, 1, 1)},
        {"person": "another"},
        {"given_by": "another"},
        {"ends_on": None},
        {"ends_on": date(2999, 1, 1)},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_role_that_was_given_is_not_turned_into_another(change: dict[str, Any]) -> None:
    row = StaffRoleFactory.create(ends_on=TODAY())
    values = {name: PersonFactory.create() if value == "another" else value for name, value in change.items()}
    assert refused(StaffRole.objects.filter(pk=row.pk).update, **values)


def test_a_role_ends_and_ends_earlier() -> None:
    row = StaffRoleFactory.create()
    for days in (3, 2):
        assert not refused(StaffRole.objects.filter(pk=row.pk).update, ends_on=TODAY() + timedelta(days=days))
