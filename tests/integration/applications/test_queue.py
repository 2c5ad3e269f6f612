"""The stewards' queue: order, searches, assignment, the file."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from apps.applications import services
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


def listed(response: Any) -> list[Application]:
    return [application for application, _standing, _deadline in response.context["lines"]]
