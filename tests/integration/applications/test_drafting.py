"""Starting a dossier and filling its pages."""

import uuid
from datetime import date

import pytest
from django.utils import timezone

from apps.accounts import grants
from apps.accounts.models import Mandate
from apps.applications import selectors, services
from apps.applications.models import Application, Member, Page
from apps.applications.services import PageChanged
from apps.applications.services.drafting import MAX_PAGE_BYTES
from apps.audit.models import Event
from apps.core.errors import RefusedError
from tests.factories.accounts import OrganisationFactory, PersonFactory
from tests.factories.applications import at_status, draft, fresh, researcher

pytestmark = pytest.mark.django_db


def save(application: Application, by: object, version: int = 1, **content: str) -> Page:
    return services.page_save(application=application, key="title", content=content, seen_version=version, by=by)  # type: ignore[arg-type]


def test_a_dossier_begins_with_its_pages_its_lead_and_its_grant() -> None:
    """Given a researcher with a mandate, when they start a dossier, they lead it, see it, and an event tells of it."""
    by = researcher()
    application = draft(by)
    assert application.number == f"HDH-{timezone.localdate().year}-{application.number[-4:]}"
    assert set(application.pages.values_list("key", flat=True)) == set(application.specification.keys)
    assert Member.objects.get(application=application).role == "principal_investigator"
    assert list(grants.granted_ids(by, "view_application", Application)) == [application.pk]
    event = Event.objects.get(action="application.created")
    assert (event.actor, str(event.dossier_id)) == (str(by.pk), str(application.pk))


def test_numbers_follow_each_other() -> None:
    first, second = draft(), draft()
    assert int(second.number[-4:]) == int(first.number[-4:]) + 1


def test_a_double_click_starts_one_dossier() -> None:
    by, key = researcher(), uuid.uuid4()
    organisation = by.mandates.get().organisation
    made = [services.application_create(organisation=organisation, creation_key=key, by=by) for _ in range(2)]
    assert made[0] == made[1]
    assert Application.objects.count() == 1


def test_somebody_elses_creation_key_opens_nothing() -> None:
    key, other = uuid.uuid4(), researcher()
    services.application_create(organisation=other.mandates.get().organisation, creation_key=key, by=other)
    by = researcher()
    with pytest.raises(Exception, match="creation_key"):
        services.application_create(organisation=by.mandates.get().organisation, creation_key=key, by=by)


@pytest.mark.parametrize("ends_on", [date(2020, 12, 31), None])
def test_no_dossier_without_a_current_mandate(ends_on: date | None) -> None:
    """Given a mandate that has ended, or that is of another organisation, the dossier is refused."""
    by = researcher()
    organisation = by.mandates.get().organisation
    if ends_on:
        Mandate.objects.update(ends_on=ends_on)
    else:
        organisation = OrganisationFactory.create()
    with pytest.raises(RefusedError) as refused:
        services.application_create(organisation=organisation, creation_key=uuid.uuid4(), by=by)
    assert refused.value.field == "organisation"
    assert not Application.objects.exists()


def test_a_page_is_saved_with_its_event_and_repeats_the_title() -> None:
    by = researcher()
    application = draft(by)
    row = save(application, by, title="Étude", acronym="")
    assert (row.version, row.updated_by) == (2, by)
    assert fresh(application).title == "Étude"
    assert Event.objects.filter(action="application.page_saved", object_id=str(application.pk)).count() == 1


def test_an_invalid_value_is_kept() -> None:
    by = researcher()
    application = draft(by)
    save(application, by, title="x" * 300)
    assert Page.objects.get(application=application, key="title").content == {"title": "x" * 300}
    assert fresh(application).title == "x" * 200


def test_saving_what_is_there_changes_nothing() -> None:
    by = researcher()
    application = draft(by)
    save(application, by, title="Étude")
    again = save(application, by, version=1, title="Étude")
    assert again.version == 2
    assert Event.objects.filter(action="application.page_saved").count() == 1


def test_a_stale_save_is_refused_with_both_versions() -> None:
    """Given a colleague saved meanwhile, when I save what I saw before, nothing of theirs is lost and both are told."""
    by, colleague = researcher(given_name="Camille", family_name="Durand"), researcher()
    application = draft(by)
    services.member_add(application=application, email=colleague.email, by=by)
    save(application, colleague, title="La leur")
    with pytest.raises(PageChanged) as changed:
        save(application, by, title="La mienne")
    assert changed.value.present.content == {"title": "La leur"}
    assert changed.value.typed == {"title": "La mienne"}
    assert colleague.full_name in str(changed.value.message)
    assert fresh(application).title == "La leur"


def test_a_page_far_too_heavy_is_refused() -> None:
    by = researcher()
    application = draft(by)
    with pytest.raises(RefusedError):
        save(application, by, title="x" * MAX_PAGE_BYTES)


@pytest.mark.parametrize("status", ["submitted", "approved", "refused", "withdrawn"])
def test_a_dossier_that_is_not_the_teams_turn_is_not_edited(status: str) -> None:
    by = researcher()
    application = at_status(status, by=by)
    with pytest.raises(RefusedError):
        save(application, by, version=2, title="Autre")


def test_a_return_opens_its_pages_only() -> None:
    by = researcher()
    application = at_status("returned", by=by)
    assert set(selectors.reopened_pages(application)) == {"summary"}
    with pytest.raises(RefusedError):
        save(application, by, version=2, title="Autre")
    content = {"summary_fr": "En mots simples.", "summary_en": ""}
    row = services.page_save(application=application, key="summary", content=content, seen_version=2, by=by)
    assert row.content == content


def test_a_stranger_saves_nothing() -> None:
    application = draft()
    with pytest.raises(RefusedError):
        save(application, PersonFactory.create(), title="Autre")
