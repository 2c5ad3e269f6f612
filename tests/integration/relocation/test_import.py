"""An export of the previous platform becomes people, projects, entitlements and workspaces: once, with events."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client

from apps.accounts.models import Mandate, Organisation, Person
from apps.applications.models import Application
from apps.audit.models import Event
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.directory.models import Entry
from apps.extracts.models import ExtractRequest
from apps.projects.models import Entitlement, Membership, Project
from apps.relocation import services
from apps.relocation.models import Relocated, RelocationRun, Store
from apps.relocation.rules import Kind
from apps.workspaces.models import Workspace
from tests.factories.accounts import PersonFactory, client_signed_in, steward
from tests.factories.relocation import LEAD, MEMBER, ORGANISATION, PROJECT, WHOLE, export_in

pytestmark = pytest.mark.django_db
TABLES = (Organisation, Person, Mandate, Application, Project, Membership, Entitlement, ExtractRequest, Workspace)


@pytest.fixture
def giver() -> Person:
    return steward(email="morgan@hdh.example")


def ran(folder: Path, giver: Person, *options: str) -> str:
    said = StringIO()
    call_command("relocation_import", folder, "--by", giver.email, *options, stdout=said)
    return said.getvalue()


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in TABLES}


def test_a_whole_export_becomes_what_an_approval_would_have_made(giver: Person, tmp_path: Path) -> None:
    said = ran(export_in(tmp_path), giver)

    project = Project.objects.get()
    assert "Done." in said
    assert "person: 2 made" in said
    assert project.application.number == "PF1-0042"
    assert project.application.status == "approved"
    assert {(one.person.email, one.role) for one in project.memberships.all()} == {
        ("ada@reprise.example", "principal_investigator"),
        ("bo@reprise.example", "member"),
    }
    assert project.entitlement.granted_by == str(giver.pk)
    assert project.entitlement.definition_hash == project.application.definition_hash
    assert ExtractRequest.objects.get().definition_hash == project.entitlement.definition_hash
    assert Store.objects.get().workspace == project.workspace
    assert Relocated.objects.count() == 6
    for kind in Kind:
        for tie in Relocated.objects.filter(kind=kind):
            assert (
                Event.objects.filter(action="relocation.made", object_id=tie.new_id, actor=str(giver.pk)).count() == 1
            )


def test_a_project_of_a_published_path_gets_its_public_page(giver: Person, tmp_path: Path) -> None:
    public = {"title.title_en": "Follow-up", "summary.summary_fr": "Un résumé.", "summary.summary_en": "A summary."}
    published = {**PROJECT, "path": "full_authorisation", "public": public}

    ran(export_in(tmp_path, {**WHOLE, Kind.PROJECT: [published]}), giver)

    entry = Entry.objects.get(number="PF1-0042")
    assert (entry.title, entry.title_en, entry.controller) == (PROJECT["title"], "Follow-up", ORGANISATION["name"])
    assert (str(entry.starts_on), str(entry.ends_on)) == ("2025-01-01", "2099-12-31")
    address = f"/repertoire/{entry.application_id}/"
    french, english = (
        Client(headers={"accept-language": language}).get(address).content.decode() for language in ("fr", "en")
    )
    assert "Un résumé." in french
    assert "ER_PRS_F" in french
    assert "A summary." in english
    assert "Follow-up" in english
    assert Event.objects.filter(action="directory.published", object_id=str(entry.application_id)).count() == 1


def test_a_project_of_another_path_gets_none(giver: Person, tmp_path: Path) -> None:
    ran(export_in(tmp_path), giver)

    assert not Entry.objects.exists()


def test_a_second_run_makes_nothing_and_says_what_changed_at_the_source(giver: Person, tmp_path: Path) -> None:
    ran(export_in(tmp_path), giver)
    before, ties = counts(), Relocated.objects.count()

    ran(tmp_path, giver)
    renamed = {**WHOLE, Kind.ORGANISATION: [{**ORGANISATION, "name": "Autre nom"}]}
    said = ran(export_in(tmp_path, renamed), giver)

    assert (counts(), Relocated.objects.count()) == (before, ties)
    assert "organisation org-1: taken over already, different in the export since" in said
    assert Organisation.objects.get(siren=ORGANISATION["siren"]).name == ORGANISATION["name"]


def test_a_dry_run_says_what_would_be_and_makes_nothing(giver: Person, tmp_path: Path) -> None:
    before = counts()
    export_in(tmp_path, {**WHOLE, Kind.PROJECT: [{**PROJECT, "members": ["p-9"]}]})

    said = ran(tmp_path, giver, "--dry-run")

    assert counts() == before
    assert not Relocated.objects.exists()
    assert "person: 2 to be made" in said
    assert "project pr-1: refused. It refers to “p-9” (person)" in said
    assert "Nothing was made" in said
    run = RelocationRun.objects.get()
    assert (run.is_dry, run.counts["workspace"]) == (True, {"refuse": 1})


def test_an_interrupted_run_is_taken_up_by_the_next(
    giver: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export_in(tmp_path)

    def killed(*arguments: Any) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setitem(services._MAKE, Kind.PROJECT, killed)
        with pytest.raises(KeyboardInterrupt):
            ran(tmp_path, giver)
    assert (Organisation.objects.filter(siren=ORGANISATION["siren"]).count(), Project.objects.count()) == (1, 0)

    ran(tmp_path, giver)

    assert (Relocated.objects.count(), Project.objects.count(), Workspace.objects.count()) == (6, 1, 1)


def test_who_is_here_already_keeps_everything_and_gets_the_mandate_they_lack(giver: Person, tmp_path: Path) -> None:
    here = PersonFactory.create(email="ada@reprise.example", given_name="Adèle")
    ran(export_in(tmp_path), giver)

    here.refresh_from_db()
    assert here.given_name == "Adèle"
    assert here.has_usable_password()
    assert here.mandates.count() == 1
    assert Relocated.objects.get(kind="person", old_id="p-1").adopted
    assert not OutboxItem.objects.filter(subject_id=f"relocation-welcome:{here.pk}").exists()


def test_a_new_person_is_told_once_how_to_choose_a_password(giver: Person, tmp_path: Path) -> None:
    ended = {**MEMBER, "mandates": [{**LEAD["mandates"][0], "ends_on": "2024-06-30"}]}
    ran(export_in(tmp_path, {**WHOLE, Kind.PERSON: [LEAD, ended]}), giver)
    newcomer = Person.objects.get(email="bo@reprise.example")
    item = OutboxItem.objects.get(subject_id=f"relocation-welcome:{newcomer.pk}")

    run_item(item.pk)

    assert not newcomer.has_usable_password()
    assert newcomer.mandates.count() == 0
    assert mail.outbox[0].to == ["bo@reprise.example"]
    assert "no password yet" in mail.outbox[0].body
    assert "/mot-de-passe" in mail.outbox[0].body
    newcomer.set_password("a password of their own")
    newcomer.save()
    OutboxItem.objects.filter(pk=item.pk).update(status="pending", lease_until=None)
    run_item(item.pk)
    assert len(mail.outbox) == 1


def test_what_somebody_else_made_meanwhile_is_left_to_the_next_run(
    giver: Person, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def taken(*arguments: Any) -> None:
        raise Relocated.DoesNotExist

    monkeypatch.setitem(services._MAKE, Kind.WORKSPACE, taken)

    assert "workspace w-1: refused. Somebody made the same thing meanwhile" in ran(export_in(tmp_path), giver)


def test_only_a_steward_takes_over_and_only_a_whole_export(giver: Person, tmp_path: Path) -> None:
    export_in(tmp_path)
    with pytest.raises(CommandError, match="data steward"):
        ran(tmp_path, PersonFactory.create())
    (tmp_path / "people.jsonl").write_text("")
    with pytest.raises(CommandError, match="SHA-256"):
        ran(tmp_path, giver)
    assert not Relocated.objects.exists()


def test_the_team_and_the_stewards_see_dossier_and_project(giver: Person, tmp_path: Path) -> None:
    ran(export_in(tmp_path), giver)
    project = Project.objects.get()
    lead, number = Person.objects.get(email="ada@reprise.example"), project.application_id
    pages = {
        lead: (f"/projets/{project.pk}/", f"/dossiers/{number}/", f"/dossiers/{number}/dossier.pdf", "/dossiers/"),
        giver: (f"/projets/{project.pk}/", f"/instruction/{number}/", f"/instruction/{number}/dossier.pdf"),
    }

    for person, paths in pages.items():
        browser = client_signed_in(person)
        for path in paths:
            answer = browser.get(path)
            assert answer.status_code == 200, path
            assert PROJECT["title"] in answer.content.decode(errors="replace") or "pdf" in path, path
