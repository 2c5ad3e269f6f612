"""Who must not see a dossier sees nothing of it, at any address."""

import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from apps.applications import selectors, services
from apps.applications.models import Application, Page
from tests.factories.accounts import (
    StaffRoleFactory,
    client_signed_in,
    steward,
)
from tests.factories.applications import (
    at_status,
    fresh,
    researcher,
)
from tests.integration.applications.asking import text_of, url

pytestmark = pytest.mark.django_db


def _addresses(application: Application, attachment: Any) -> list[tuple[str, str]]:
    """Every address of a dossier, with its method."""
    team = [
        ("get", url("detail", application)),
        ("get", url("submit", application)),
        ("post", url("submit", application)),
        ("post", url("withdraw", application)),
        ("get", url("codes", application)),
        ("post", url("member_add", application)),
        ("post", url("member_remove", application, uuid.uuid4())),
        ("post", url("attachment_add", application)),
        ("get", url("attachment", application, attachment)),
        ("post", url("attachment_remove", application, attachment)),
    ]
    pages = [
        (method, url("page", application, key)) for key in application.specification.keys for method in ("get", "post")
    ]
    return team + pages


def _steward_addresses(application: Application, attachment: Any) -> list[tuple[str, str]]:
    return [
        ("get", url("review", application)),
        ("post", url("return", application)),
        ("post", url("approve", application)),
        ("post", url("refuse", application)),
        ("get", url("review_attachment", application, attachment)),
    ]


def _without_noise(response: Any) -> str:
    """The answer without what differs between any two requests."""
    import re

    text = re.sub(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "", text_of(response))
    return re.sub(r'(<code>[0-9a-f]{12}</code>|value="[A-Za-z0-9]{64}"|"X-CSRFToken": "\w+"|nonce="[^"]+")', "", text)


@pytest.mark.parametrize("who", ["stranger", "steward", "operator", "removed"])
@pytest.mark.parametrize("status", ["draft", "submitted"])
def test_a_foreign_dossier_is_the_same_404_as_a_missing_one(who: str, status: str) -> None:
    """Given somebody who is not of the team, every address of the dossier answers as for one that never was, and
    nothing changes."""
    by = researcher()
    application = at_status("draft", by=by)
    person = {
        "stranger": researcher,
        "steward": steward,
        "operator": lambda: StaffRoleFactory.create(role="operator").person,
        "removed": researcher,
    }[who]()
    if who == "removed":
        services.member_add(application=application, email=person.email, by=by)
        services.member_remove(application=application, person_id=str(person.pk), by=by)
    if status == "submitted":
        services.application_submit(application=application, seen_version=1, by=by)
    attachment = selectors.attachments_of(application).get().pk
    before = (fresh(application).version, list(Page.objects.order_by("pk").values_list("version", flat=True)))
    client = client_signed_in(person)
    never = Application(id=uuid.uuid4())
    pairs = zip(_addresses(application, attachment), _addresses(never, attachment), strict=True)
    for (method, foreign), (_method, missing) in pairs:
        answers = [getattr(client, method)(address) for address in (foreign, missing)]
        assert [answer.status_code for answer in answers] == [404, 404], foreign
        assert _without_noise(answers[0]) == _without_noise(answers[1])
    assert before == (fresh(application).version, list(Page.objects.order_by("pk").values_list("version", flat=True)))


@pytest.mark.parametrize("role", [None, "operator", "auditor"])
def test_only_stewards_examine(role: str | None) -> None:
    by = researcher()
    application = at_status("submitted", by=by)
    person = StaffRoleFactory.create(role=role).person if role else by
    client = client_signed_in(person)
    attachment = selectors.attachments_of(application).get().pk
    for method, address in [("get", reverse("applications:queue")), *_steward_addresses(application, attachment)]:
        assert getattr(client, method)(address).status_code == 404, address
    assert fresh(application).status == "submitted"


def test_without_sign_in_every_address_leads_to_it() -> None:
    application = at_status("submitted")
    attachment = selectors.attachments_of(application).get().pk
    everything = [*_addresses(application, attachment), *_steward_addresses(application, attachment)]
    for method, address in [
        *everything,
        ("get", reverse("applications:list")),
        ("post", reverse("applications:create")),
    ]:
        response = getattr(Client(), method)(address)
        assert response.status_code == 302, address
        assert response["Location"].startswith(reverse("accounts:sign_in"))


def test_commands_are_posts() -> None:
    by = researcher()
    application = at_status("submitted", by=by)
    client = client_signed_in(by)
    assert client.get(url("withdraw", application)).status_code == 405
    assert client_signed_in(steward()).get(url("approve", application)).status_code == 405
