"""Whoever's turn it is hears that a legal delay comes to its end, once, in the portal and by e-mail."""

from datetime import date, timedelta

import pytest

from apps.accounts.models import Person
from apps.applications import due, services
from apps.applications.following import awaited
from apps.applications.models import Application, Notice
from apps.applications.procedure_models import StageClock
from apps.core.models import OutboxItem
from apps.core.outbox import Lease
from apps.core.rules import Role
from tests.factories import applications as made
from tests.factories.accounts import MandateFactory, StaffRoleFactory, steward

pytestmark = pytest.mark.django_db


def falls_due(application: Application, what: str) -> None:
    """A worker comes to the item, however late."""
    clock = StageClock.objects.get(application=application, ended_on=None, stopped_on=None)
    subject = f"{clock.pk}:{what}:{clock.due_on}"
    item = OutboxItem.objects.filter(kind="application.due", subject_id=subject)[0]
    due.due_step(Lease(item.pk, subject, item.fence, timedelta(seconds=15)))


def told(kind: str) -> set[object]:
    return set(Notice.objects.filter(kind=kind).values_list("person_id", flat=True))


@pytest.fixture
def decider() -> Person:
    return steward()


def test_the_steward_in_charge_and_no_other(decider: Person) -> None:
    application, other = made.at_status("submitted", decider=decider), steward()
    assert awaited(application) == {decider.pk, other.pk}
    services.applications_assign(applications=[application], to=decider, by=decider)
    falls_due(made.fresh(application), "reminder")
    assert told("reminder") == {decider.pk}
    assert OutboxItem.objects.filter(kind="e-mail", subject_id__startswith=f"notices:{decider.pk}").exists()


def test_once_however_often_a_worker_comes(decider: Person) -> None:
    application = made.at_status("submitted", decider=decider)
    for _again in range(3):
        falls_due(application, "reminder")
    assert Notice.objects.filter(kind="reminder", person=decider).count() == 1


@pytest.mark.parametrize(("status", "path"), [("returned", "permanent_access"), ("choice", "full_authorisation")])
def test_the_team_while_its_answer_is_awaited(decider: Person, status: str, path: str) -> None:
    application = made.at_status(status, decider=decider, path=path)
    falls_due(application, "reminder")
    assert told("reminder") == {application.created_by_id}


def test_the_secretaries_with_the_steward_while_the_committee_examines(decider: Person) -> None:
    secretary = StaffRoleFactory.create(role=Role.COMMITTEE_SECRETARY.value).person
    application = made.at_status("committee", decider=decider, path="full_authorisation")
    falls_due(application, "reminder")
    assert told("reminder") == {secretary.pk, decider.pk}


def test_those_who_may_sign_while_signatures_are_awaited(decider: Person) -> None:
    application = made.at_status("submitted", decider=decider)
    mandate = MandateFactory.create(organisation=application.organisation, starts_on=date(2020, 1, 1), may_sign=True)
    application.status = "agreement"
    assert awaited(application) == {mandate.person_id, decider.pk}


def test_a_lapse_is_told_to_the_steward_too(decider: Person) -> None:
    application = made.at_status("returned", decider=decider)
    falls_due(application, "lapse")
    assert told("lapsed") == {application.created_by_id, decider.pk}
    assert StageClock.objects.get(application=application, stage="returned").lapsed_at is not None
