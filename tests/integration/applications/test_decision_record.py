"""The record of a decision: what it holds, that it can be checked, and that a change shows."""

import io
import json

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pypdf import PdfReader

from apps.applications import canonical, decision_record
from tests.factories.accounts import client_signed_in, steward
from tests.factories.applications import at_status, researcher
from tests.integration.applications.amending import amended, changed, submitted
from tests.integration.applications.asking import url
from tests.integration.applications.deciding import approve

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("follow_ups")]


def test_anybody_checks_it_with_the_public_key_alone() -> None:
    by = researcher(family_name="Durand")
    application = at_status("approved", by=by, path="full_authorisation")
    answer = client_signed_in(by).get(url("decision_pdf", application), {"format": "json"})
    envelope = json.loads(answer.content)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(envelope["public_key"]))
    signature = bytes.fromhex(envelope["signature"])
    key.verify(signature, canonical.canonical_bytes(envelope["record"]))
    assert envelope["record"]["content_hash"] == application.content_hash
    stages = [stage["stage"] for stage in envelope["record"]["stages"]]
    assert stages == ["completeness", "committee", "choice", "cnil", "decision"]
    envelope["record"]["title"] = "Autre titre"
    with pytest.raises(InvalidSignature):
        key.verify(signature, canonical.canonical_bytes(envelope["record"]))


def test_the_pdf_says_what_was_decided_and_that_it_is_intact() -> None:
    application = at_status("refused")
    answer = client_signed_in(steward()).get(url("review_decision_pdf", application))
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages)
    assert application.number in text
    assert "Finalité interdite." in text
    record = decision_record.record_of(application)
    assert record is not None
    assert decision_record.is_intact(record)
    record.content = record.content.replace("Finalité", "Autre")
    assert not decision_record.is_intact(record)


def test_of_an_amendment_it_names_the_opinions_that_still_stand_and_whose_they_are() -> None:
    root = at_status("approved", path="full_authorisation")
    amendment = submitted(changed(amended(root), "title", title="Un autre titre"))
    approve(amendment, steward())
    record = decision_record.record_of(amendment)
    assert record is not None
    ended = [(stage["dossier"], stage["stage"]) for stage in json.loads(record.content)["stages"]]
    assert (root.number, "committee") in ended
    assert ended[-1] == (amendment.number, "completeness"), "decided at once, on a complete file"
    answer = client_signed_in(steward()).get(url("review_decision_pdf", amendment))
    text = "".join("".join(page.extract_text() for page in PdfReader(io.BytesIO(answer.content)).pages).split())
    assert f"{root.number},Avisducomité:avisfavorable" in text
    assert f"{root.number},Convention:" in text


def test_there_is_none_before_the_decision() -> None:
    by = researcher()
    assert client_signed_in(by).get(url("decision_pdf", at_status("submitted", by=by))).status_code == 404
