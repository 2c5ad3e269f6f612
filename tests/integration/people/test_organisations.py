"""Organisations and their people: who keeps them, and what nobody may do for themselves."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.people.services import organisations as services
from tests.factories.accounts import (
    MandateFactory,
    OrganisationFactory,
    PersonFactory,
    client_signed_in,
    siren_numbered,
    steward,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def fields(**changes: Any) -> dict[str, Any]:
    return {"name": "Institut", "kind": "public", "siren": siren_numbered(9_001), "roles": ["laboratory"], **changes}


def test_a_steward_creates_an_organisation_and_corrects_it() -> None:
    by = steward()
    made = services.organisation_create(**fields(), by=by)
    services.organisation_correct(organisation=made, seen_version=1, **fields(name="Institut A", roles=[]), by=by)
    made.refresh_from_db()
    assert (made.name, made.roles, made.version) == ("Institut A", [], 2)
    with pytest.raises(ChangedMeanwhile):
        services.organisation_correct(organisation=made, seen_version=1, **fields(), by=by)


def test_stewards_alone_keep_the_list_of_organisations() -> None:
    by = PersonFactory.create()
    with pytest.raises(RefusedError):
        services.organisation_create(**fields(), by=by)
    made = services.organisation_create(**fields(), by=steward())
    with pytest.raises(RefusedError):
        services.organisation_correct(organisation=made, seen_version=1, **fields(name="B"), by=by)


@pytest.mark.parametrize("siren", ["123456789", "12345678", "abcdefghi", ""])
def test_a_siren_carries_its_key(siren: str) -> None:
    with pytest.raises(RefusedError) as refused:
        services.organisation_create(**fields(siren=siren), by=steward())
    assert refused.value.field == "siren"


def test_a_siren_is_written_down_once() -> None:
    by, other = steward(), OrganisationFactory.create()
    with pytest.raises(RefusedError):
        services.organisation_create(**fields(siren=other.siren), by=by)
    made = services.organisation_create(**fields(), by=by)
    with pytest.raises(RefusedError):
        services.organisation_correct(organisation=made, seen_version=1, **fields(siren=other.siren), by=by)


def test_the_database_knows_the_roles_of_organisations() -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        OrganisationFactory.create(roles=["sponsor"])


def test_an_administrator_keeps_their_own_people_and_nobody_else() -> None:
    mandate = MandateFactory.create(role="administrator")
    by, theirs = mandate.person, MandateFactory.create(organisation=mandate.organisation)
    services.mandate_end_by_keeper(mandate=theirs, by=by)
    theirs.refresh_from_db()
    assert theirs.ends_on == timezone.localdate() - DAY
    with pytest.raises(ChangedMeanwhile):
        services.mandate_end_by_keeper(mandate=theirs, by=by)
    for other in (MandateFactory.create(), mandate):
        with pytest.raises(RefusedError):
            services.mandate_end_by_keeper(mandate=other, by=by)
        with pytest.raises(RefusedError):
            services.mandate_change(mandate=other, role="administrator", ends_on=None, by=by)


def test_a_changed_mandate_is_another_row_and_the_first_one_stays() -> None:
    mandate = MandateFactory.create(role="administrator")
    member = MandateFactory.create(organisation=mandate.organisation)
    today = timezone.localdate()
    made = services.mandate_change(mandate=member, role="signatory", ends_on=today + DAY, by=mandate.person)
    member.refresh_from_db()
    assert (member.role, member.ends_on) == ("member", today - DAY)
    assert (made.starts_on, made.role, made.may_sign, made.given_by) == (today, "signatory", True, mandate.person)
    again = services.mandate_change(mandate=made, role="member", ends_on=None, by=mandate.person)
    assert list(Mandate.objects.filter(person=member.person).order_by("starts_on")) == [member, again]


def test_the_database_refuses_any_change_of_a_mandate_but_an_earlier_end() -> None:
    mandate = MandateFactory.create(ends_on=timezone.localdate())
    for change in ({"role": "administrator"}, {"ends_on": None}, {"may_sign": True}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Mandate.objects.filter(pk=mandate.pk).update(**change)
    Mandate.objects.filter(pk=mandate.pk).update(ends_on=timezone.localdate() - DAY)


def test_a_former_administrator_is_one_no_more() -> None:
    mandate = MandateFactory.create(role="administrator", ends_on=timezone.localdate() - DAY)
    answer = client_signed_in(mandate.person).get(f"/organisations/{mandate.organisation_id}/")
    assert answer.status_code == 404


def test_the_page_of_an_organisation_asks_as_much_for_ten_as_for_two() -> None:
    mandate = MandateFactory.create(role="administrator")
    browser, address = client_signed_in(mandate.person), f"/organisations/{mandate.organisation_id}/"
    browser.get(address)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(address).status_code == 200
        return len(asked)

    MandateFactory.create(organisation=mandate.organisation)
    few = queries()
    MandateFactory.create_batch(8, organisation=mandate.organisation)
    assert queries() == few


def test_the_list_asks_as_much_for_ten_as_for_two() -> None:
    browser = client_signed_in(steward())
    MandateFactory.create()
    browser.get("/organisations/")

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get("/organisations/?q=H").status_code == 200
        return len(asked)

    few = queries()
    MandateFactory.create_batch(8)
    assert queries() == few
    assert Organisation.objects.count() >= 8


def test_the_pages_work_from_the_browser() -> None:
    by = client_signed_in(steward(language="en"))
    made = by.post("/organisations/nouvelle/", fields(siren=" ".join(siren_numbered(5)), version=""))
    organisation = Organisation.objects.get(siren=siren_numbered(5))
    assert made.url == f"/organisations/{organisation.pk}/"
    assert by.post("/organisations/nouvelle/", fields(siren="1", version="")).status_code == 422
    answer = by.post(f"{made.url}corriger/", fields(siren="1", version="1"))
    assert b"key" in answer.content
    assert by.post(f"{made.url}corriger/", fields(version="1")).status_code == 302
    invited = {"email": "a@chu.fr", "given_name": "A", "family_name": "B", "role": "member", "language": "en"}
    assert by.post(f"{made.url}inviter/", {**invited, "ends_on": "2020-01-01"}).status_code == 422
    assert by.post(f"{made.url}inviter/", invited).status_code == 302
    assert by.post(f"{made.url}inviter/", invited).status_code == 422
    assert b"a@chu.fr" in by.get(made.url).content
    mandate = MandateFactory.create(organisation=organisation)
    assert by.get(f"/mandats/{mandate.pk}/modifier/").status_code == 200
    assert by.get(f"/mandats/{mandate.pk}/terminer/").status_code == 200
    assert client_signed_in(PersonFactory.create()).get("/mes-organisations/").status_code == 200
