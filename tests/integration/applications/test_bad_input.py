"""What nobody types on purpose: no address and no form answers it with an error of the portal's own."""

import uuid
from urllib.parse import quote

import pytest
from django.test import Client

from apps.core.rules import Role
from tests.factories import applications as made
from tests.factories.accounts import StaffRoleFactory, client_signed_in, steward

pytestmark = pytest.mark.django_db
TYPED = ("a\0b😀", "9" * 40, "['\"<>%")
STRANGE = (*TYPED, "٣", "x" * 5000, "\udcff")
LISTS = {
    None: ("/repertoire/?q={}", "/repertoire/?path={}", "/repertoire/?year={}&stage={}&page={}"),
    Role.STEWARD: (
        "/instruction/?q={}",
        "/instruction/?status={}&steward={}&due={}&path={}&page={}",
        "/organisations/?q={}&page={}",
    ),
    Role.AUDITOR: (
        "/audit/?person={}&action={}&kind={}&object={}&dossier={}",
        "/audit/?since={}&until={}&before={}&readings={}",
    ),
}


def visitor(role: Role | None) -> Client:
    return client_signed_in(StaffRoleFactory.create(role=role.value).person) if role else Client()


@pytest.mark.parametrize("role", LISTS)
def test_a_search_for_anything_is_a_page(role: Role | None) -> None:
    client = visitor(role)
    for text in STRANGE:
        for address in LISTS[role]:
            asked = address.replace("{}", quote(text, errors="surrogateescape"))
            assert client.get(asked).status_code in {200, 304, 400, 422}, asked


def test_the_pages_of_a_dossier_take_anything() -> None:
    by = made.researcher()
    application = made.draft(by=by)
    client = client_signed_in(by)
    for text in TYPED:
        asked = quote(text)
        found = client.get(
            f"/dossiers/{application.pk}/codes/?place=r&name=diagnosis&system=icd10&r-diagnosis-search={asked}"
        )
        assert found.status_code < 500, text
        assert client.get(f"/dossiers/?page={asked}").status_code == 200
        assert client.get(f"/parcours/?purpose={asked}").status_code < 500
        for key in ("title", "purpose", "population", "variables"):
            sent = {"version": text, "tree": text, "op": text, "columns": text, "title": text, "go": text}
            assert client.post(f"/dossiers/{application.pk}/{key}/", sent).status_code < 500, (key, text)
        assert client.post(f"/dossiers/{application.pk}/messages/", {"text": text, "key": text}).status_code < 500


def test_a_stewards_forms_take_anything() -> None:
    application = made.at_status("submitted")
    client = client_signed_in(steward())
    review = f"/instruction/{application.pk}/"
    for text in TYPED:
        everything = dict.fromkeys(
            ("version", "path", "reason", "steward", "mark-title", "reason-title", "reference", "decided_on"), text
        )
        for step in ("renvoyer", "reorienter", "liste", "prolonger", "cnil", "refuser", "classer"):
            assert client.post(f"{review}{step}/", everything).status_code < 500, (step, text)
        answer = client.post("/instruction/attribuer/", {"application": [text, str(application.pk)], "steward": text})
        assert answer.status_code < 500, text
        assert client.post(f"{review}pieces/{uuid.uuid4()}/caviarder/", everything).status_code < 500
