"""The pages about an extract: its progress, its risk, cancelling it, asking for it again."""

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries, Settings

from apps.audit.models import Event
from apps.core import outbox
from apps.core.errors import RefusedError
from apps.core.models import OutboxItem
from apps.core.rules import Role
from apps.extracts import releasing, services
from apps.extracts.models import ExtractRequest, ExtractUnit
from tests.factories import extracts as made
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in

pytestmark = pytest.mark.django_db

COARSE = {
    **made.DEFINITION,
    "scope": {
        "tables": {"IR_BEN_R": ["BEN_NAI_ANN", "BEN_SEX_COD"], "IR_PHA_R": ["PHA_CIP_C13"]},
        "period": made.DEFINITION["scope"]["period"],
    },
    "protection": {"coarsening": {"birth": "ten_years"}},
}


@pytest.fixture
def steward() -> Client:
    client = client_signed_in(StaffRoleFactory.create(role=Role.STEWARD.value).person)
    client.post(reverse("set_language"), {"language": "en", "next": "/"})
    return client


def started(units: list[str]) -> ExtractRequest:
    request = made.request()
    planned = [services.Planned(f"{kind}/{place}", kind, f"{kind}/{place}") for place, kind in enumerate(units)]
    with transaction.atomic():
        services.extract_start(request, source_release="r", key_id="k", units=planned)
    return request


def page_of(request: ExtractRequest, client: Client, name: str = "report") -> str:
    return client.get(reverse(f"extracts:{name}", args=[request.pk])).content.decode()


def test_before_anything_is_made_the_page_says_what_will_be_there(steward: Client) -> None:
    page = page_of(made.request(), steward)
    assert "shown here once the extract is verified" in page
    assert "Cancel the extract" in page


def test_an_extract_under_way_tells_its_stages_and_the_time_left(steward: Client) -> None:
    request = started(["source", "identities", "people", "table"])
    assert "known once the first unit is done" in page_of(request, steward)
    (unit,) = services.batch_take(request.pk, 0)
    services.unit_begin(unit)
    services.unit_finish(unit, rows=0, bytes=0)
    page = page_of(request, steward)
    assert "About 1 minute left" in page
    assert page.count("<td>0 / 2</td>") == 1, "identities and people read alike"
    project = steward.get(reverse("fulfilment:project", args=[request.project_id])).content.decode()
    assert "Stage by stage" in project


def test_the_number_of_units_costs_no_query(
    steward: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    request = started(["source"] * 300)
    with django_assert_max_num_queries(12):
        page_of(request, steward)


def test_units_are_listed_with_their_state_and_what_they_took(steward: Client) -> None:
    request = started(["source", "identities", "people", "table"])
    (unit,) = services.batch_take(request.pk, 0)
    services.unit_begin(unit)
    services.lane_leave(request.pk, 0)
    assert "begun, to be resumed" in page_of(request, steward, "units")
    (unit,) = services.batch_take(request.pk, 0)
    services.unit_begin(unit)
    assert "under way" in page_of(request, steward, "units")
    services.unit_finish(unit, rows=1234, bytes=2048)
    page = page_of(request, steward, "units")
    assert "<td>1,234</td><td>2.0\xa0KB</td>" in page
    assert "<td>2</td></tr>" in page, "begun twice"
    assert page.count("<td>waiting</td>") == 3
    assert reverse("extracts:units", args=[request.pk]) in page_of(request, steward)


def test_a_unit_that_leaves_no_file_and_took_a_moment_says_so(steward: Client) -> None:
    request = started(["source"])
    (unit,) = services.batch_take(request.pk, 0)
    services.unit_begin(unit)
    services.unit_finish(unit, rows=7, bytes=0)
    assert "<td>7</td><td>–</td><td>under 0.1 s</td>" in page_of(request, steward, "units")


def test_units_of_one_stage_are_listed_and_stages_that_read_alike_are_one(steward: Client) -> None:
    request = started(["source", "identities", "people", "table"])
    address = reverse("extracts:units", args=[request.pk])
    page = steward.get(address, {"stage": "identities"}).content.decode()
    assert "2 units." in page
    assert "people/2" in page
    assert "4 units." in steward.get(address, {"stage": "nothing like it"}).content.decode()
    assert "There is no unit to show" in steward.get(address, {"stage": "risk"}).content.decode()


def test_thousands_of_units_are_shown_a_page_at_a_time_in_as_many_queries(
    steward: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    request = started(["source"] * 250)
    address = reverse("extracts:units", args=[request.pk])
    with django_assert_max_num_queries(12):
        page = steward.get(address, {"page": "3", "stage": "source"}).content.decode()
    assert page.count("<td>waiting</td>") == 50
    assert "Page 3 of 3" in page
    assert "stage=source" in page, "the stage that was chosen is kept from page to page"


def test_strangers_see_no_unit() -> None:
    address = reverse("extracts:units", args=[started(["source"]).pk])
    assert client_signed_in(PersonFactory.create()).get(address).status_code == 404


def test_the_report_shows_risk_before_and_after_with_a_chart_and_is_a_reading(
    worker: Settings, steward: Client
) -> None:
    request = made.request(COARSE)
    outbox.run_item(OutboxItem.objects.get(key=services.outbox_key(request)).pk)
    while ExtractRequest.objects.get(pk=request.pk).status != "delivered":
        outbox.run_item(OutboxItem.objects.get(key=services.outbox_key(request)).pk)
    page = page_of(request, steward)
    assert 'role="img"' in page
    assert "style=" not in page.split("<main")[1]
    assert "k, exact values" in page
    assert "Synthetic data" in page
    assert "year and month of birth" in page or "month and year of birth" in page
    assert "rows left out" in page
    assert Event.objects.filter(action="extract.read", object_id=str(request.pk)).exists()
    assert "Cancel the extract" not in page
    steward.post(reverse("set_language"), {"language": "fr", "next": "/"})
    assert "Risque de réidentification" in page_of(request, steward)


def test_a_steward_cancels_with_a_reason_and_asks_again(steward: Client) -> None:
    request = made.request()
    address = reverse("extracts:cancel", args=[request.pk])
    assert "the map of its pseudonyms" in page_of(request, steward, "cancel")
    assert steward.post(address, {"reason": ""}).status_code == 422
    assert steward.post(address, {"reason": "The dossier is to be amended."}).status_code == 302
    page = page_of(request, steward)
    assert "The dossier is to be amended." in page
    restart = reverse("extracts:restart", args=[request.pk])
    assert steward.post(restart).status_code == 403, "not while it is being removed"
    services.extract_discarded(ExtractRequest.objects.get(pk=request.pk))
    assert "Ask for the extract again" in page_of(request, steward)
    project = steward.get(reverse("fulfilment:project", args=[request.project_id])).content.decode()
    assert "The extract was cancelled" in project
    assert steward.post(restart).status_code == 302
    assert ExtractRequest.objects.get(pk=request.pk).status == "requested"


def test_stewards_alone_ask_for_an_extract_again() -> None:
    request = made.request()
    ExtractRequest.objects.update(status="cancelled")
    request.refresh_from_db()
    with pytest.raises(RefusedError):
        releasing.extract_restart_decide(request=request, by=PersonFactory.create())
    assert ExtractRequest.objects.get(pk=request.pk).status == "cancelled"


def test_a_steward_with_a_part_in_the_project_may_stop_its_extract_and_not_ask_for_it_again() -> None:
    involved = StaffRoleFactory.create(role=Role.STEWARD.value).person
    request = made.request(members=(involved,))
    client = client_signed_in(involved)
    assert (
        client.post(reverse("extracts:cancel", args=[request.pk]), {"reason": "A mistake of ours."}).status_code == 302
    )
    services.extract_discarded(ExtractRequest.objects.get(pk=request.pk))
    restart = reverse("extracts:restart", args=[request.pk])
    assert restart not in page_of(request, client), "no button that refuses"
    assert client.post(restart).status_code == 403
    assert ExtractRequest.objects.get(pk=request.pk).status == "cancelled"


def test_a_member_reads_the_report_and_cancels_nothing() -> None:
    member = PersonFactory.create()
    request = made.request(investigator=member)
    client = client_signed_in(member)
    assert "extractions" in page_of(request, client)
    assert client.post(reverse("extracts:cancel", args=[request.pk]), {"reason": "x"}).status_code in (403, 404)
    assert (
        client_signed_in(PersonFactory.create()).get(reverse("extracts:report", args=[request.pk])).status_code == 404
    )


def test_a_unit_reads_as_its_name() -> None:
    assert str(ExtractUnit(name="table/IR_BEN_R/all")) == "table/IR_BEN_R/all"
