"""The stewards' queue: order, searches, assignment, the file."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import override

from apps.applications import queue, services
from apps.applications.models import Application
from apps.core.errors import RefusedError
from tests.factories.accounts import client_signed_in, steward
from tests.factories.applications import at_status, fresh, researcher

pytestmark = pytest.mark.django_db
FULL = "full_authorisation"


class TestQueue:
    def test_the_earliest_legal_deadline_comes_first(self) -> None:
        late, soon = at_status("submitted"), at_status("submitted")
        Application.objects.filter(pk=soon.pk).update(due_on=timezone.localdate() + timedelta(days=1))
        Application.objects.filter(pk=late.pk).update(due_on=timezone.localdate() - timedelta(days=1))
        client = client_signed_in(steward())
        assert listed(client.get(reverse("applications:queue"))) == [late, soon]
        assert listed(client.get(reverse("applications:queue"), {"due": "overdue"})) == [late]

    @pytest.mark.parametrize("words", ["renale", "RÉNALE diabete", "chercheuse", "centre hospitalier"])
    def test_a_search_finds_title_organisation_and_people_without_accents(self, words: str) -> None:
        by = researcher(family_name="Chercheuse")
        mandate = by.mandates.get()
        mandate.organisation.name = "Centre hospitalier d'essai"
        mandate.organisation.save()
        found, other = at_status("submitted", by=by), at_status("submitted", title="Autre chose")
        client = client_signed_in(steward())
        shown = listed(client.get(reverse("applications:queue"), {"q": words}))
        assert found in shown
        assert other not in shown
        assert listed(client.get(reverse("applications:queue"), {"q": f"{words} {other.number}"})) == []

    def test_dossiers_are_given_to_a_steward_together(self) -> None:
        mine, alone = at_status("submitted"), at_status("submitted")
        decider = steward()
        client = client_signed_in(decider)
        address = reverse("applications:assign")
        form = {"application": [mine.pk, "nonsense"], "steward": decider.pk}
        assert client.post(address, form).status_code == 302
        assert listed(client.get(reverse("applications:queue"), {"steward": "me"})) == [mine]
        assert listed(client.get(reverse("applications:queue"), {"steward": "none"})) == [alone]
        assert listed(client.get(reverse("applications:queue"), {"steward": str(decider.pk)})) == [mine]
        client.post(address, {"application": [mine.pk], "steward": ""})
        assert fresh(mine).assigned_to is None
        with pytest.raises(RefusedError):
            services.applications_assign(applications=[mine], to=researcher(), by=decider)

    def test_the_csv_holds_the_same_dossiers_and_computes_nothing(self) -> None:
        at_status("submitted", title="=HYPERLINK(1)")
        client = client_signed_in(steward())
        lines = b"".join(client.get(reverse("applications:queue_export")).streaming_content).decode()
        assert "'=HYPERLINK(1)" in lines
        assert len(lines.splitlines()) == 2

    def test_a_path_narrows_the_list(self) -> None:
        at_status("submitted")
        full = at_status("submitted", path=FULL)
        client = client_signed_in(steward())
        assert listed(client.get(reverse("applications:queue"), {"path": FULL})) == [full]


class TestManyFound:
    """A search that finds more than are counted says so, and never a number that is not one."""

    @pytest.fixture(autouse=True)
    def _two_are_counted(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(queue, "COUNTED_AT_MOST", 2)

    def test_what_is_counted_is_said_for_each_status(self) -> None:
        at_status("submitted", title="Rénale"), at_status("returned", title="Rénale")
        shown = searched({"q": "renale"})
        assert counts(shown) == {"all": "2", "submitted": "1", "returned": "1", "approved": "0"}
        assert shown.context["tally"].exact

    def test_more_are_said_to_be_more(self) -> None:
        for status in ("submitted", "submitted", "submitted", "returned"):
            at_status(status, title="Rénale")
        shown = searched({"q": "renale"})
        assert counts(shown) == {"all": "plus de 2"}
        assert "Dossiers trouvés\u00a0: plus de 2." in shown.content.decode()
        within = searched({"q": "renale", "status": "returned"})
        assert counts(within) == {"all": "plus de 2", "returned": "1"}
        assert "Dossiers trouvés" not in within.content.decode()
        many = searched({"q": "renale", "status": "submitted"})
        assert counts(many) == {"all": "plus de 2", "submitted": "plus de 2"}
        assert "Dossiers trouvés\u00a0: plus de 2." in many.content.decode()

    def test_however_many_there_are_the_page_asks_the_same(self, django_assert_num_queries: Any) -> None:
        client = client_signed_in(steward())
        for status in ("submitted", "submitted", "submitted"):
            at_status(status, title="Rénale")
            client.get(reverse("applications:queue"), {"q": "renale"})
            with django_assert_num_queries(6):
                client.get(reverse("applications:queue"), {"q": "renale"})

    def test_without_a_search_everything_is_counted(self) -> None:
        for _ in range(3):
            at_status("submitted")
        assert counts(searched({"status": "all"}))["all"] == "3"


def searched(query: dict[str, str]) -> Any:
    return client_signed_in(steward()).get(reverse("applications:queue"), query)


def counts(response: Any) -> dict[str, str]:
    """What the choices say, by status; of those that nobody asked about, one stands for all."""
    with override("fr"):
        said = {one.value: str(one.count) for one in response.context["filters"] if one.count}
    return {value: count for value, count in said.items() if value in {"all", "submitted", "returned", "approved"}}


def listed(response: Any) -> list[Application]:
    return [application for application, _standing, _deadline in response.context["lines"]]
