"""What a person's accreditation rests on, step by step."""

import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Person
from apps.applications.scanner import ScannerAway
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.people.models import ConditionsOfUse, ProfessionalAddress, TrainingCertificate
from apps.people.selectors.accreditation import accreditation_of, people_accredited
from apps.people.services import accreditation, training
from tests.factories.accounts import MandateFactory, PersonFactory, StaffRoleFactory, client_signed_in, steward
from tests.factories.people import CERTIFICATE, accredit, certificate

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FILE = {"name": "attestation.pdf", "data": CERTIFICATE}


@pytest.fixture(autouse=True)
def media(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_DIR = tmp_path
    return tmp_path


def states(person: Person) -> dict[str, str]:
    return {one.code: str(one.state) for one in accreditation_of(person)}


def gate_agrees(person: Person) -> bool:
    """Whether the gateway's statement says the same as the rules; gives what they say."""
    by_rules = all(one.is_met for one in accreditation_of(person))
    assert people_accredited().filter(pk=person.pk).exists() == by_rules
    return by_rules


def test_the_gateways_statement_says_what_the_rules_say() -> None:
    person = PersonFactory.create()
    assert not gate_agrees(person)
    accredit(person)
    assert gate_agrees(person)
    TrainingCertificate.objects.update(expires_on=timezone.localdate() - DAY)
    assert not gate_agrees(person)
    TrainingCertificate.objects.update(expires_on=timezone.localdate())
    ProfessionalAddress.objects.update(verified_at=None)
    assert not gate_agrees(person)
    ProfessionalAddress.objects.update(verified_at=timezone.now())
    published(timezone.localdate() + DAY)
    assert gate_agrees(person)
    published(timezone.localdate())
    assert not gate_agrees(person)


def published(first_day: date) -> ConditionsOfUse:
    operator = StaffRoleFactory.create(role="operator").person
    return accreditation.conditions_publish(text_fr="Texte", text_en="Text", in_force_from=first_day, by=operator)


class TestTraining:
    def test_a_certificate_is_examined_by_a_steward(self) -> None:
        person, by = PersonFactory.create(), steward()
        made = training.training_add(completed_on=timezone.localdate(), **FILE, by=person)
        assert states(person)["training"] == "pending"
        training.training_accept(certificate=made, by=by)
        assert states(person)["training"] == "met"
        with pytest.raises(ChangedMeanwhile):
            training.training_refuse(certificate=made, reason="Trop tard.", by=by)

    def test_a_refusal_says_why(self) -> None:
        person, by = PersonFactory.create(), steward()
        made = certificate(person)
        with pytest.raises(RefusedError):
            training.training_refuse(certificate=made, reason="", by=by)
        training.training_refuse(certificate=made, reason="Illisible.", by=by)
        assert states(person)["training"] == "missing"

    def test_nobody_examines_their_own(self) -> None:
        by = steward()
        made = certificate(by)
        with pytest.raises(RefusedError):
            training.training_accept(certificate=made, by=by)
        with pytest.raises(IntegrityError), transaction.atomic():
            certificate(by, state="accepted", by=by)

    @pytest.mark.parametrize("days", [-1, 366, 5000])
    def test_a_day_to_come_or_long_past_gives_nothing(self, days: int) -> None:
        with pytest.raises(RefusedError) as refused:
            training.training_add(completed_on=timezone.localdate() - days * DAY, **FILE, by=PersonFactory.create())
        assert refused.value.field == "completed_on"

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("a.exe", CERTIFICATE),
            ("a.docx", CERTIFICATE),
            ("a.pdf", b""),
            ("a.pdf", b"%PDF"),
            ("a.pdf", CERTIFICATE + b" " * 10_485_760),
        ],
    )
    def test_a_file_is_what_its_name_says(self, name: str, data: bytes, media: Path) -> None:
        with pytest.raises(RefusedError) as refused:
            training.training_add(completed_on=timezone.localdate(), name=name, data=data, by=PersonFactory.create())
        assert refused.value.field == "file"
        assert [path for path in media.rglob("*") if path.is_file()] == []

    def test_a_full_disk_is_a_sentence(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> bytes:
            raise OSError(28, "no space")

        monkeypatch.setattr("apps.applications.storage.store", full)
        with pytest.raises(RefusedError):
            training.training_add(completed_on=timezone.localdate(), **FILE, by=PersonFactory.create())
        assert not TrainingCertificate.objects.exists()

    def test_a_certificate_stays_closed_until_it_is_scanned(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        settings.UNSCANNED_DOCUMENTS, settings.CLAMD = False, ""
        person = PersonFactory.create()
        made = training.training_add(completed_on=timezone.localdate(), **FILE, by=person)
        address = f"/accreditation/attestations/{made.pk}/"
        browser = client_signed_in(person)
        item = OutboxItem.objects.get(kind=training.SCAN_KIND)
        run_item(item.pk)
        assert browser.get(address).status_code == 409
        monkeypatch.setattr("apps.people.reconcile.verdict_of", lambda *_: _verdict("clean"))
        OutboxItem.objects.update(not_before=timezone.now())
        run_item(item.pk)
        run_item(item.pk)
        assert b"".join(browser.get(address).streaming_content) == CERTIFICATE
        assert TrainingCertificate.objects.get().scan == "clean"

    def test_an_hour_without_scanner_calls_a_person(self, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
        settings.UNSCANNED_DOCUMENTS = False
        training.training_add(completed_on=timezone.localdate(), **FILE, by=PersonFactory.create())
        TrainingCertificate.objects.update(added_at=timezone.now() - timedelta(hours=2))

        def away(*_: object) -> None:
            raise ScannerAway("away")

        monkeypatch.setattr("apps.people.reconcile.verdict_of", away)
        run_item(OutboxItem.objects.get(kind=training.SCAN_KIND).pk)
        assert OutboxItem.objects.get(kind=training.SCAN_KIND).status == "needs_human"


def _verdict(outcome: str) -> Any:
    from apps.applications.scanner import Outcome, Verdict

    return Verdict(Outcome(outcome))


class TestConditions:
    def test_a_new_version_asks_again(self) -> None:
        person = accredit(PersonFactory.create())
        made = published(timezone.localdate())
        assert states(person)["conditions"] == ("ended" if made.version > 1 else "missing")
        accreditation.conditions_accept(version=made.version, by=person)
        accreditation.conditions_accept(version=made.version, by=person)
        assert states(person)["conditions"] == "met"

    def test_what_was_read_is_what_is_accepted(self) -> None:
        person = PersonFactory.create()
        first = published(timezone.localdate())
        published(timezone.localdate())
        with pytest.raises(ChangedMeanwhile):
            accreditation.conditions_accept(version=first.version, by=person)

    def test_operators_alone_publish(self) -> None:
        with pytest.raises(RefusedError):
            accreditation.conditions_publish(text_fr="a", text_en="b", in_force_from=timezone.localdate(), by=steward())


class TestAddress:
    def link(self) -> str:
        [item] = OutboxItem.objects.filter(kind="e-mail", status="pending")
        run_item(item.pk)
        found = re.search(r"/accreditation/adresse/[\w-]+/", str(mail.outbox[-1].body))
        assert found
        return found[0]

    def test_an_address_is_proven_by_the_link_sent_to_it_once(self) -> None:
        person = PersonFactory.create()
        accreditation.address_verify_ask(email="Max@CHU.fr", by=person)
        assert states(person)["address"] == "pending"
        link, browser = self.link(), client_signed_in(person)
        assert mail.outbox[-1].to == ["max@chu.fr"]
        assert browser.get(link).status_code == 200
        assert states(person)["address"] == "pending"  # looking is not proving: programs that fetch links prove nothing
        assert browser.post(link).url == "/accreditation/"
        assert states(person)["address"] == "met"
        assert browser.post(link).status_code == 404

    def test_a_link_is_its_persons_own_and_the_last_one_alone_works(self) -> None:
        person = PersonFactory.create()
        accreditation.address_verify_ask(email="max@chu.fr", by=person)
        first = self.link()
        assert client_signed_in(PersonFactory.create()).get(first).status_code == 404
        accreditation.address_verify_ask(email="max@chu.fr", by=person)
        second, browser = self.link(), client_signed_in(person)
        assert (browser.get(first).status_code, browser.get(second).status_code) == (404, 200)

    def test_another_address_is_to_be_proven_anew(self) -> None:
        person = accredit(PersonFactory.create())
        accreditation.address_verify_ask(email=person.email, by=person)
        assert states(person)["address"] == "met"
        accreditation.address_verify_ask(email="autre@chu.fr", by=person)
        assert states(person)["address"] == "pending"

    def test_an_address_for_anybody_is_refused(self) -> None:
        with pytest.raises(RefusedError):
            accreditation.address_verify_ask(email="max@gmail.com", by=PersonFactory.create())


def test_an_orcid_is_declared_corrected_and_taken_away() -> None:
    person = PersonFactory.create()
    accreditation.orcid_declare(orcid="https://orcid.org/0000-0002-1825-0097", by=person)
    assert person.researcher_id.orcid == "0000-0002-1825-0097"
    with pytest.raises(RefusedError):
        accreditation.orcid_declare(orcid="0000-0002-1825-0098", by=person)
    accreditation.orcid_declare(orcid="", by=person)
    assert not type(person.researcher_id).objects.exists()


def test_the_pages_work_from_the_browser() -> None:
    person = PersonFactory.create(language="en")
    browser = client_signed_in(person)
    file = SimpleUploadedFile("attestation.pdf", CERTIFICATE)
    day = str(timezone.localdate())
    assert browser.post("/accreditation/attestations/", {"completed_on": day, "file": file}).status_code == 302
    bad = SimpleUploadedFile("attestation.exe", CERTIFICATE)
    assert browser.post("/accreditation/attestations/", {"completed_on": day, "file": bad}).status_code == 422
    assert browser.post("/accreditation/adresse/", {"email": "a@gmail.com"}).status_code == 422
    assert browser.post("/accreditation/orcid/", {"orcid": "1"}).status_code == 422
    made = published(timezone.localdate())
    assert b"undertake" in browser.get("/accreditation/conditions/").content
    assert browser.post("/accreditation/conditions/", {"version": made.version}).status_code == 422
    assert browser.post("/accreditation/conditions/", {"version": made.version, "agreed": "on"}).status_code == 302
    assert b"You accepted this version" in browser.get("/accreditation/conditions/").content
    by, found = client_signed_in(steward(language="en")), TrainingCertificate.objects.get()
    assert str(found.pk).encode() in by.get("/attestations/").content
    address = f"/attestations/{found.pk}/"
    assert by.post(address, {"verdict": "refuse", "reason": ""}).status_code == 422
    assert by.post(address, {"verdict": "refuse", "reason": "Unreadable."}).status_code == 302
    assert b"Unreadable." in browser.get("/accreditation/").content
    assert b"Unreadable." in by.get(f"/personnes/{person.pk}/accreditation/").content


def test_an_administrator_sees_the_accreditation_of_their_own_people() -> None:
    mandate = MandateFactory.create(role="administrator")
    theirs, other = MandateFactory.create(organisation=mandate.organisation).person, PersonFactory.create()
    browser = client_signed_in(mandate.person)
    assert browser.get(f"/personnes/{theirs.pk}/accreditation/").status_code == 200
    assert browser.get(f"/personnes/{other.pk}/accreditation/").status_code == 404
