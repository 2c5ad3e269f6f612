"""The team and the documents of a dossier."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.db import IntegrityError, transaction
from django.test import override_settings

from apps.accounts import grants
from apps.accounts.models import Mandate
from apps.applications import selectors, services, storage
from apps.applications.models import Application, Attachment, Member
from apps.applications.services import documents
from apps.applications.services.documents import MAX_BYTES, safe_name
from apps.applications.services.team import CANNOT_BE_ADDED
from apps.audit.models import Event
from apps.core.errors import RefusedError
from tests.factories.accounts import MandateFactory, PersonFactory, steward
from tests.factories.applications import PDF, at_status, draft, fresh, researcher

pytestmark = pytest.mark.django_db


def sees(person: object, application: Application) -> bool:
    return selectors.applications_visible_to(person).filter(pk=application.pk).exists()  # type: ignore[arg-type]


def test_a_person_with_a_mandate_joins_and_sees_the_dossier() -> None:
    by, colleague = researcher(), researcher(email="collegue@exemple.fr")
    application = draft(by)
    member = services.member_add(application=application, email="Collegue@Exemple.FR", by=by)
    assert (member.person, member.role) == (colleague, "member")
    assert member.organisation == colleague.mandates.get().organisation
    assert sees(colleague, application)
    assert Event.objects.get(action="application.member_added").data["person"] == str(colleague.pk)


def test_the_answer_tells_nothing_about_accounts() -> None:
    """Given an unknown address, a person without mandate, an inactive one, one already there and a former decider, the
    answer is the same for all."""
    by, decider = researcher(), steward(email="decideur@exemple.fr")
    MandateFactory.create(person=decider)
    PersonFactory.create(email="sansmandat@exemple.fr")
    Mandate.objects.filter(person=researcher(email="ancien@exemple.fr")).update(ends_on="2021-01-01")
    researcher(email="inactif@exemple.fr", is_active=False)
    application = at_status("draft", by=by)
    services.application_submit(application=application, seen_version=application.version, by=by)
    reasons = {"team": "Compléter."}
    services.application_return(application=application, seen_version=2, reasons=reasons, by=decider)
    answers = set()
    for email in (
        "inconnu@exemple.fr",
        "sansmandat@exemple.fr",
        "ancien@exemple.fr",
        "inactif@exemple.fr",
        by.email,
        decider.email,
    ):
        with pytest.raises(RefusedError) as refused:
            services.member_add(application=fresh(application), email=email, by=by)
        answers.add((str(refused.value.message), refused.value.field))
    assert answers == {(str(CANNOT_BE_ADDED), "email")}


def test_a_member_invites_nobody() -> None:
    by, colleague, third = researcher(), researcher(), researcher()
    application = draft(by)
    services.member_add(application=application, email=colleague.email, by=by)
    with pytest.raises(RefusedError):
        services.member_add(application=application, email=third.email, by=colleague)


def test_a_removed_member_no_longer_sees_the_dossier() -> None:
    by, colleague = researcher(), researcher()
    application = draft(by)
    services.member_add(application=application, email=colleague.email, by=by)
    services.member_remove(application=application, person_id=str(colleague.pk), by=by)
    services.member_remove(application=application, person_id=str(colleague.pk), by=by)
    assert not sees(colleague, application)
    assert not Member.objects.filter(person=colleague).exists()
    assert Event.objects.filter(action="application.member_removed").count() == 1
    assert not grants.granted_ids(colleague, "view_application", Application).exists()


def test_the_principal_investigator_stays() -> None:
    by = researcher()
    application = draft(by)
    with pytest.raises(RefusedError):
        services.member_remove(application=application, person_id=str(by.pk), by=by)


def test_the_database_keeps_one_investigator_and_one_row_a_person() -> None:
    by, colleague = researcher(), researcher()
    application = draft(by)
    row = {"application": application, "organisation": application.organisation, "added_by": by}
    for person, role in ((colleague, "principal_investigator"), (by, "member")):
        with pytest.raises(IntegrityError), transaction.atomic():
            Member.objects.create(person=person, role=role, **row)


def add(application: Application, by: object, **changes: object) -> Attachment:
    sent = {"kind": "protocol", "name": "protocole.pdf", "data": PDF, **changes}
    return services.attachment_add(application=application, by=by, **sent)  # type: ignore[arg-type]


def test_a_document_is_kept_outside_the_web_root_under_a_random_name(media_dir: Path) -> None:
    by = researcher()
    attachment = add(draft(by), by, name="C:\\dir\\Protocole étude.PDF")
    assert attachment.name == "Protocole étude.pdf"
    assert (attachment.size, attachment.media_type) == (len(PDF), "application/pdf")
    (stored,) = [path for path in media_dir.rglob("*") if path.is_file()]
    assert stored.name == attachment.storage_key
    assert storage.opened(attachment.storage_key, attachment.sealed_key) == PDF
    assert b"obj" not in stored.read_bytes()
    assert stored.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"data": b""}, "file"),
        ({"data": b"x" * (MAX_BYTES + 1), "name": "a.txt"}, "file"),
        ({"name": "virus.exe"}, "file"),
        ({"name": "protocole"}, "file"),
        ({"name": "image.png"}, "file"),
        ({"data": b"MZ\x00\x01"}, "file"),
        ({"kind": "nothing"}, "kind"),
    ],
)
def test_a_file_that_is_not_what_it_says_is_refused(changes: dict[str, object], field: str, media_dir: Path) -> None:
    by = researcher()
    with pytest.raises(RefusedError) as refused:
        add(draft(by), by, **changes)
    assert refused.value.field == field
    assert not list(media_dir.rglob("*"))
    assert not Attachment.objects.exists()


def test_a_file_of_a_refused_upload_is_not_left_behind(media_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    by = researcher()
    application = draft(by)
    monkeypatch.setattr(documents, "MAX_DOCUMENTS", 1)
    add(application, by)
    with pytest.raises(RefusedError):
        add(application, by)
    assert len([path for path in media_dir.rglob("*") if path.is_file()]) == 1


def test_documents_of_a_submitted_dossier_stay() -> None:
    by = researcher()
    application = at_status("submitted", by=by)
    attachment = selectors.attachments_of(application).get()
    for attempt in (
        lambda: add(application, by),
        lambda: services.attachment_remove(application=application, attachment_id=str(attachment.pk), by=by),
    ):
        with pytest.raises(RefusedError):
            attempt()


def test_a_removed_draft_document_leaves_its_trace_only(
    media_dir: Path, django_capture_on_commit_callbacks: object
) -> None:
    by = researcher()
    application = draft(by)
    attachment = add(application, by)
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        for _ in range(2):
            services.attachment_remove(application=application, attachment_id=str(attachment.pk), by=by)
    assert not selectors.attachments_of(application).exists()
    assert Attachment.objects.get().removed_by == by
    assert Event.objects.filter(action="application.attachment_removed").count() == 1
    with pytest.raises(FileNotFoundError):
        storage.opened(attachment.storage_key, attachment.sealed_key)


def test_a_document_that_was_submitted_keeps_its_bytes(django_capture_on_commit_callbacks: object) -> None:
    """Given a document that a steward may have read, when the team takes it out, what was submitted stays provable."""
    by = researcher()
    application = at_status("draft", by=by)
    attachment = selectors.attachments_of(application).get()
    services.application_submit(application=application, seen_version=application.version, by=by)
    services.application_return(
        application=application, seen_version=2, reasons={"attachments": "Remplacer."}, by=steward()
    )
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        services.attachment_remove(application=fresh(application), attachment_id=str(attachment.pk), by=by)
    assert storage.opened(attachment.storage_key, attachment.sealed_key) == PDF


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("a\x00b\n.pdf", "a_b_.pdf"),
        (".pdf", "document.pdf"),
        ("x" * 300 + ".pdf", "x" * 146 + ".pdf"),
        ("rapport\u202efdp.txt", "rapport_fdp.txt"),
    ],
)
def test_names_are_made_safe(sent: str, kept: str) -> None:
    assert safe_name(sent) == kept


def test_a_process_without_a_folder_for_documents_says_so() -> None:
    with override_settings(MEDIA_DIR=None), pytest.raises(ImproperlyConfigured):
        storage.store("00" * 16, b"x")
