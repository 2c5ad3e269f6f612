"""Versions of a document, redaction, all documents in one file, the whole dossier on paper."""

import io
import zipfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from apps.applications import selectors, services, storage
from apps.applications.models import Application, Attachment, Submission
from apps.audit.models import Event
from apps.core.errors import RefusedError
from tests.factories.accounts import client_signed_in, steward
from tests.factories.applications import PDF, at_status, draft, researcher
from tests.integration.applications.asking import text_of, url

pytestmark = pytest.mark.django_db


def the_document(application: Application) -> Attachment:
    return selectors.attachments_of(application).get()


class TestVersions:
    def test_a_new_version_takes_the_place_and_the_kind_of_the_old_one(self) -> None:
        by = researcher()
        application = draft(by, complete=True)
        old, client = the_document(application), client_signed_in(by)
        with io.BytesIO(b"Seconde version.") as file:
            file.name = "v2.txt"
            client.post(url("attachment_add", application), {"kind": "other", "replaces": str(old.pk), "file": file})
        new = the_document(application)
        assert (new.kind, new.version, new.replaces_id) == ("protocol", 2, old.pk)
        page = text_of(client.get(url("page", application, "attachments")))
        assert "version 2" in page
        assert "protocole.pdf, version 1, remplacé le" in page

    def test_a_version_is_replaced_once(self) -> None:
        by = researcher()
        application = draft(by, complete=True)
        old = str(the_document(application).pk)
        sent = {"application": application, "kind": "protocol", "name": "a.txt", "data": b"a", "by": by}
        services.attachment_add(**sent, replaces=old)  # type: ignore[arg-type]
        with pytest.raises(RefusedError) as refused:
            services.attachment_add(**sent, replaces=old)  # type: ignore[arg-type]
        assert refused.value.field == "replaces"


def words_on_paper(pdf: bytes) -> str:
    """The text of a PDF without its spaces, which lie where lines break."""
    return "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages).split())


class TestRedaction:
    def redacted(self, application: Application, files: Path, on_commit: object) -> Attachment:
        document = the_document(application)
        with on_commit(execute=True):  # type: ignore[operator]
            services.attachment_redact(
                application=application, attachment_id=str(document.pk), reason="Données de patients.", by=steward()
            )
        return Attachment.objects.get(pk=document.pk)

    def test_it_is_gone_everywhere_and_its_trace_stays(
        self, media_dir: Path, django_capture_on_commit_callbacks: object
    ) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        document = self.redacted(application, media_dir, django_capture_on_commit_callbacks)
        assert not [path for path in media_dir.rglob("*") if path.is_file()]
        assert (document.name, bytes(document.sealed_key)) == ("", b"")
        team, examiner = client_signed_in(by), client_signed_in(steward())
        for client, names in ((team, ("detail", "archive")), (examiner, ("review", "review_archive"))):
            for name in names:
                response = client.get(url(name, application))
                said = b"".join(response.streaming_content) if response.streaming else response.content
                assert b"protocole.pdf" not in said, name
        for client, name in ((team, "print"), (examiner, "review_print")):
            paper = words_on_paper(client.get(url(name, application)).content)
            assert application.number in paper
            assert "protocole.pdf" not in paper, name
        assert team.get(url("attachment", application, document.pk)).status_code == 404
        assert examiner.get(url("review_attachment", application, document.pk)).status_code == 404
        assert "Données de patients." in text_of(examiner.get(url("review", application)))
        assert "protocole.pdf" not in str(Submission.objects.get().content)
        assert Event.objects.filter(action="application.attachment_redacted").count() == 1

    def test_whoever_does_not_examine_the_dossier_redacts_nothing(self, media_dir: Path) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        document = the_document(application)
        with pytest.raises(RefusedError):
            services.attachment_redact(
                application=application, attachment_id=str(document.pk), reason="Données de patients.", by=by
            )
        assert Attachment.objects.get(pk=document.pk).name == "protocole.pdf"

    def test_what_was_submitted_stays_provable(
        self, media_dir: Path, django_capture_on_commit_callbacks: object
    ) -> None:
        application = at_status("submitted")
        sha = the_document(application).sha256
        self.redacted(application, media_dir, django_capture_on_commit_callbacks)
        snapshot = selectors.snapshot_of(application)
        assert snapshot == Submission.objects.get().content
        assert snapshot["attachments"][0]["sha256"] == sha

    def test_without_a_reason_nothing_is_destroyed(self) -> None:
        application = at_status("submitted")
        document = the_document(application)
        response = client_signed_in(steward()).post(
            url("attachment_redact", application, document.pk), {"reason": "  "}
        )
        assert response.status_code == 403
        assert storage.opened(document.storage_key, bytes(document.sealed_key)) == PDF


class TestCopies:
    def test_all_documents_come_in_one_file_made_while_it_is_sent(self) -> None:
        by = researcher()
        application = draft(by, complete=True)
        services.attachment_add(application=application, kind="other", name="note.txt", data=b"Note.", by=by)
        response = client_signed_in(by).get(url("archive", application))
        assert response.streaming
        with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as found:
            assert found.namelist() == ["01-protocol-protocole.pdf", "02-other-note.txt"]
            assert found.read("01-protocol-protocole.pdf") == PDF

    def test_a_closed_document_is_left_out_and_named(self, settings: object) -> None:
        by = researcher()
        application = draft(by, complete=True)
        Attachment.objects.update(scan="infected")
        response = client_signed_in(by).get(url("archive", application))
        with zipfile.ZipFile(io.BytesIO(b"".join(response.streaming_content))) as found:
            assert found.namelist() == ["ABSENTS.txt"]
            assert b"protocole.pdf" in found.read("ABSENTS.txt")

    @pytest.mark.parametrize("name", ["print", "review_print"])
    def test_the_whole_dossier_on_paper(self, name: str) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        client = client_signed_in(by if name == "print" else steward())
        response = client.get(url(name, application))
        assert response["Content-Type"] == "application/pdf"
        document, text = PdfReader(io.BytesIO(response.content)), words_on_paper(response.content)
        for expected in (application.number, "Diabèteetinsuffisancerénale", "protocole.pdf", "Sontretenues"):
            assert expected in text
        assert (application.content_hash in text) == (name == "review_print")
        assert document.metadata is not None
        assert application.number in str(document.metadata.title)
