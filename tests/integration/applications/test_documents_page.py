"""Documents of a dossier, in the page."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from apps.applications import selectors
from apps.applications.models import Application
from tests.factories.accounts import client_signed_in
from tests.factories.applications import PDF, at_status, draft, researcher
from tests.integration.applications.asking import held, save, text_of, url

pytestmark = pytest.mark.django_db


class TestDocuments:
    def upload(self, client: Client, application: Application, name: str, data: bytes, kind: str = "protocol") -> Any:
        return client.post(url("attachment_add", application), {"kind": kind, "file": SimpleUploadedFile(name, data)})

    def test_a_document_is_added_served_as_a_file_and_removed(self) -> None:
        by = researcher()
        application = draft(by)
        client = client_signed_in(by)
        assert self.upload(client, application, "protocole <b>.pdf", PDF).status_code == 302
        attachment = selectors.attachments_of(application).get()
        served = client.get(url("attachment", application, attachment.pk))
        assert b"".join(served.streaming_content) == PDF
        assert served["Content-Disposition"].startswith("attachment")
        assert served["X-Content-Type-Options"] == "nosniff"
        assert served["Content-Type"] == "application/pdf"
        assert "sandbox" in served["Content-Security-Policy"]
        assert "protocole _b_.pdf" in text_of(client.get(url("page", application, "attachments")))
        client.post(url("attachment_remove", application, attachment.pk))
        assert client.get(url("attachment", application, attachment.pk)).status_code == 404

    @pytest.mark.parametrize(
        ("name", "data", "kind"),
        [
            ("a.pdf", b"", "protocol"),
            ("a.exe", b"MZ", "protocol"),
            ("a.pdf", b"not a pdf", "protocol"),
            ("a.pdf", PDF, "nothing"),
            ("a.pdf", PDF, "implementing_declaration"),
        ],
    )
    def test_a_bad_file_is_refused_beside_the_field(self, name: str, data: bytes, kind: str) -> None:
        by = researcher()
        application = draft(by)
        response = self.upload(client_signed_in(by), application, name, data, kind)
        assert response.status_code == 422
        assert "fr-message--error" in text_of(response)
        assert not selectors.attachments_of(application).exists()

    def test_no_file_at_all(self) -> None:
        by = researcher()
        application = draft(by)
        response = client_signed_in(by).post(url("attachment_add", application), {"kind": "protocol"})
        assert response.status_code == 422

    def test_a_submitted_dossier_takes_no_document(self) -> None:
        by = researcher()
        application = at_status("submitted", by=by)
        assert self.upload(client_signed_in(by), application, "a.pdf", PDF).status_code == 403

    def test_saving_the_page_of_documents_as_a_form_changes_nothing(self) -> None:
        by = researcher()
        application = at_status("draft", by=by)
        response = save(client_signed_in(by), application, "attachments", go="overview")
        assert response["Location"] == url("detail", application)
        assert held(application, "attachments") == {}
