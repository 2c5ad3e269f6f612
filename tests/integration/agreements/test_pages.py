"""The agreement's pages: who sees what, what the forms do, and how many queries they take."""

from io import BytesIO
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pypdf import PdfReader

from apps.agreements import selectors, services
from apps.agreements.models import Agreement, Refusal, Version
from apps.applications.models import Notice, Obligation, StageOutcome
from apps.fulfilment.handlers import project_agreement
from apps.projects.models import Project
from tests.factories import agreements
from tests.factories import applications as dossiers
from tests.factories.accounts import client_signed_in, current_code, steward
from tests.integration.agreements.conftest import Desk


def url(name: str, agreement: Agreement) -> str:
    return reverse(f"agreements:{name}", args=[agreement.pk])


def words_of(response: Any) -> str:
    text = " ".join(page.extract_text() for page in PdfReader(BytesIO(response.content)).pages)
    return " ".join(text.split())


def test_a_signatory_reads_signs_and_the_project_opens(desk: Desk) -> None:
    signatory = client_signed_in(desk.controller)
    assert "Vous attend" in signatory.get(reverse("agreements:list")).content.decode()
    party = agreements.party(desk.agreement, "controller")
    typed = {"party": party.pk, "document_hash": selectors.present_version(desk.agreement).document_hash}
    assert signatory.post(url("sign", desk.agreement), typed).status_code == 422
    wrong = {**typed, "read": "on", "otp_code": "000000"}
    assert signatory.post(url("sign", desk.agreement), wrong).status_code == 422
    signed = signatory.post(url("sign", desk.agreement), {**wrong, "otp_code": current_code(desk.controller)})
    assert signed.status_code == 302
    page = signatory.get(url("agreement", desk.agreement)).content.decode()
    assert f"Signée par {desk.controller.full_name}" in page and 'id="sign"' not in page
    agreements.sign(desk.agreement, desk.platform, "platform")
    project = Project.objects.get(application=desk.agreement.application)
    fact = project_agreement(project.pk)
    assert fact and fact.period and not fact.pending
    assert client_signed_in(desk.applicant).get(reverse("fulfilment:project", args=[project.pk])).status_code == 200


def test_the_agreement_exists_for_its_team_signatories_and_stewards_alone(desk: Desk) -> None:
    for reader in (desk.applicant, desk.controller, desk.platform, steward()):
        client = client_signed_in(reader)
        assert client.get(url("agreement", desk.agreement)).status_code == 200
        shortcut = reverse("agreements:for_application", args=[desk.agreement.application_id])
        assert client.get(shortcut).url == url("agreement", desk.agreement)
    stranger = client_signed_in(dossiers.researcher())
    for name in ("agreement", "document", "translation", "certificate", "record", "verify"):
        assert stranger.get(url(name, desk.agreement)).status_code == 404
    assert str(desk.agreement.pk) not in stranger.get(reverse("agreements:list")).content.decode()


def test_the_document_names_people_data_and_conditions_in_both_languages(db: None) -> None:
    applicant = dossiers.researcher()
    application = dossiers.at_status("decision", path="full_authorisation", by=applicant)
    decision = StageOutcome.objects.get(application=application, stage="cnil")
    Obligation.objects.create(application=application, outcome=decision, text="Rendre compte chaque année.")
    dossiers.brought_to("agreement", application, applicant, steward())
    found = agreements.prepared(application)
    reader = client_signed_in(applicant)
    assert reader.get(url("document", found)).status_code == 404, "not made yet"
    assert "en cours d’établissement" in reader.get(url("verify", found)).content.decode()
    from apps.agreements.printing import document

    version = selectors.present_version(found)
    services.document_keep(version=version, document=document(version), by="system:default")
    kept = reader.get(url("document", found))
    assert kept.content == bytes(Version.objects.get(agreement=found).document or b"")
    printed = words_of(kept)
    for words in (
        applicant.full_name,
        "BEN_RES_DPT",
        found.application.number,
        "Avis exprès du comité",
        "DR-",
        "Rendre compte",
    ):
        assert words in printed, words
    assert "only the French document is signed" in words_of(reader.get(url("translation", found)))


def test_signatures_are_verified_certified_and_handed_out_as_data(desk: Desk) -> None:
    signature = agreements.sign(desk.agreement, desk.controller)
    reader = client_signed_in(desk.applicant)
    assert "Tout est intact" in reader.get(url("verify", desk.agreement)).content.decode()
    document = bytes(Version.objects.get(agreement=desk.agreement).document or b"")
    for brought, said in ((document, "octet pour octet."), (b"another", "n’est pas ce document")):
        answer = reader.post(url("verify", desk.agreement), {"copy": SimpleUploadedFile("copie.pdf", brought)})
        assert said in answer.content.decode()
    assert reader.post(url("verify", desk.agreement), {}).status_code == 422
    record = reader.get(url("record", desk.agreement)).json()
    assert record["signatures"][0]["record_sha256"] == signature.record_hash
    assert desk.controller.full_name in words_of(reader.get(url("certificate", desk.agreement)))


def test_a_party_declines_and_the_steward_revises_and_each_is_told(desk: Desk) -> None:
    agreements.sign(desk.agreement, desk.platform, "platform")
    party = agreements.party(desk.agreement, "controller")
    typed = {"party": party.pk, "document_hash": selectors.present_version(desk.agreement).document_hash}
    signatory, deciding = client_signed_in(desk.controller), steward()
    assert signatory.post(url("decline", desk.agreement), typed).status_code == 422
    signatory.post(url("decline", desk.agreement), {**typed, "reason": "Durée trop courte."})
    assert Refusal.objects.count() == 1
    client, seen = client_signed_in(deciding), agreements.fresh(desk.agreement)
    assert "Durée trop courte." in client.get(url("agreement", seen)).content.decode()
    assert client.post(url("revise", seen), {"version": seen.version}).status_code == 422
    revised = client.post(url("revise", seen), {"version": seen.version, "clauses": "Article 7.", "reason": "Durée."})
    assert revised.status_code == 302
    again = agreements.opened(seen)
    page = signatory.get(url("agreement", again)).content.decode()
    assert "caduque" in page and 'id="sign"' in page
    told = set(Notice.objects.filter(person=desk.controller).values_list("kind", flat=True))
    assert told == {"agreement_revised", "agreement_ready"}
    assert Notice.objects.filter(kind="agreement_declined").count() == 1
    shown = signatory.get(reverse("applications:notices")).content.decode()
    assert url("agreement", again) in shown


def test_pages_take_as_many_queries_for_many_as_for_one(desk: Desk) -> None:
    reader = steward()
    pages = {name: _queries(reader, page) for name, page in _pages(desk).items()}
    for place in range(3):
        agreements.signing(title=f"Étude {place}")
        agreements.signatory(desk.agreement.application.organisation)
    assert {name: _queries(reader, page) for name, page in _pages(desk).items()} == pages
    assert pages["list"] <= 12, pages


def _pages(desk: Desk) -> dict[str, str]:
    return {"list": reverse("agreements:list"), "agreement": url("agreement", desk.agreement)}


def _queries(person: Any, page: str) -> int:
    client = client_signed_in(person)
    client.get(page)
    with CaptureQueriesContext(connection) as seen:
        assert client.get(page).status_code == 200
    return len(seen)
