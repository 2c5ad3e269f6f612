"""Signatures bound to one document and to mandates; what the last one brings about; what makes them void."""

import hashlib
from datetime import date, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from apps.accounts.models import Mandate, Organisation, Person
from apps.agreements import selectors, services
from apps.agreements.content import NoPlatform
from apps.agreements.models import Agreement, Party, Refusal, Signature, Version
from apps.agreements.wording import REASONS
from apps.applications import services as application_services
from apps.applications.models import Application, Member
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.extracts.models import ExtractRequest
from apps.projects.models import Entitlement, Project
from apps.projects.selectors import access_of
from apps.workspaces.models import Workspace
from tests.factories import agreements
from tests.factories import applications as dossiers
from tests.factories.accounts import MandateFactory, OrganisationFactory, PersonFactory, steward
from tests.integration.agreements.conftest import Desk


def test_an_approved_dossier_gets_its_agreement_once(db: None) -> None:
    found = agreements.prepared()
    again = services.agreement_prepare(application=found.application, by=steward())
    assert again == found
    kinds = [party.kind for party in selectors.parties_of(found)]
    assert kinds == ["controller", "platform"]
    assert not Project.objects.exists(), "nothing is granted before the signatures"
    said = selectors.present_version(found).content
    assert said["number"] == found.application.number
    assert [one["role"] for one in said["people"]] == ["principal_investigator"]
    assert [one["stage"] for one in said["conditions"]] == ["committee", "cnil"]
    assert said["tables"][0]["name"] == "IR_BEN_R"


def test_other_organisations_of_the_team_sign_too(db: None) -> None:
    dossiers.platform()
    application = dossiers.at_status("decision", path="full_authorisation")
    partner = OrganisationFactory.create(name="Bureau d'études")
    colleague = MandateFactory.create(organisation=partner).person
    Member.objects.create(application=application, person=colleague, organisation=partner, added_by=colleague)
    made = services.agreement_prepare(application=application, by=steward())
    assert [party.kind for party in selectors.parties_of(made)] == ["controller", "implementer", "platform"]


def test_without_the_platform_s_organisation_nothing_is_half_done(db: None) -> None:
    application = dossiers.at_status("decision", path="full_authorisation")
    assert not Organisation.objects.filter(siren=settings.PLATFORM_SIREN).exists()
    with pytest.raises(NoPlatform), transaction.atomic():
        services.agreement_prepare(application=application, by=steward())
    assert not Agreement.objects.exists()


def test_a_worker_makes_the_very_document_that_is_signed(db: None) -> None:
    found = agreements.prepared()
    item = OutboxItem.objects.get(kind="agreement.document")
    run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "done", item.reason
    version = Version.objects.get(agreement=found)
    assert bytes(version.document or b"").startswith(b"%PDF")
    assert hashlib.sha256(bytes(version.document or b"")).hexdigest() == version.document_hash
    assert agreements.fresh(found).status == "signing"
    services.document_keep(version=version, document=b"another", by="system:default")
    assert Version.objects.get(pk=version.pk).document_hash == version.document_hash


def test_the_last_signature_opens_the_project(desk: Desk) -> None:
    agreements.sign(desk.agreement, desk.controller)
    assert Application.objects.get(pk=desk.agreement.application_id).status == "agreement"
    agreements.sign(desk.agreement, desk.platform, "platform")
    signed = agreements.fresh(desk.agreement)
    assert signed.status == "signed" and signed.signed_at
    project = Project.objects.get(application=signed.application)
    assert Application.objects.get(pk=signed.application_id).status == "approved"
    for model in (Entitlement, ExtractRequest, Workspace):
        assert model.objects.filter(project=project).count() == 1
    assert Event.objects.filter(action="agreement.signed_by_party").count() == 2
    with pytest.raises(RefusedError):
        services.agreement_revise(
            agreement=signed, seen_version=signed.version, clauses="", reason="Trop tard.", by=steward()
        )


def test_a_double_click_signs_once_and_nobody_signs_twice_for_a_party(desk: Desk) -> None:
    first = agreements.sign(desk.agreement, desk.controller)
    assert agreements.sign(desk.agreement, desk.controller) == first
    other = agreements.signatory(desk.agreement.application.organisation)
    with pytest.raises(RefusedError):
        agreements.sign(desk.agreement, other)


def test_a_signature_needs_a_mandate_to_sign_that_holds_today(desk: Desk) -> None:
    organisation, yesterday = desk.agreement.application.organisation, timezone.localdate() - timedelta(days=1)
    people = [PersonFactory.create() for _ in range(3)]
    MandateFactory.create(person=people[0], organisation=organisation)
    MandateFactory.create(person=people[1], organisation=organisation, may_sign=True, ends_on=yesterday)
    MandateFactory.create(person=people[2], organisation=OrganisationFactory.create(), may_sign=True)
    for person in [*people, desk.platform]:
        with pytest.raises(RefusedError):
            agreements.sign(desk.agreement, person)
    assert not Signature.objects.exists()


def test_one_person_does_not_sign_for_two_parties(desk: Desk) -> None:
    MandateFactory.create(person=desk.controller, organisation=dossiers.platform(), may_sign=True)
    agreements.sign(desk.agreement, desk.controller)
    with pytest.raises(RefusedError):
        agreements.sign(desk.agreement, desk.controller, "platform")


def test_nobody_of_the_team_signs_for_the_platform(desk: Desk) -> None:
    MandateFactory.create(person=desk.applicant, organisation=dossiers.platform(), may_sign=True)
    with pytest.raises(RefusedError):
        agreements.sign(desk.agreement, desk.applicant, "platform")


def test_another_document_than_the_one_read_is_not_signed(desk: Desk) -> None:
    for other in ("0" * 64, ""):
        with pytest.raises(RefusedError):
            agreements.sign(desk.agreement, desk.controller, document_hash=other)


def test_a_change_voids_every_signature_and_is_signed_anew(desk: Desk) -> None:
    read = selectors.present_version(desk.agreement).document_hash
    agreements.sign(desk.agreement, desk.controller)
    by, seen = steward(), agreements.fresh(desk.agreement)
    with pytest.raises(RefusedError) as refused:
        services.agreement_revise(agreement=seen, seen_version=seen.version, clauses="", reason=" ", by=by)
    assert refused.value.field == "reason"
    with pytest.raises(ChangedMeanwhile):
        services.agreement_revise(agreement=seen, seen_version=seen.version - 1, clauses="", reason="Durée.", by=by)
    version = services.agreement_revise(
        agreement=seen, seen_version=seen.version, clauses="Article 7.", reason="Durée.", by=by
    )
    assert (version.number, version.content["clauses"]) == (2, "Article 7.")
    assert Signature.objects.get().void_reason == "revised"
    with pytest.raises(RefusedError):
        agreements.sign(desk.agreement, desk.controller, document_hash=read)
    again = agreements.opened(desk.agreement)
    agreements.sign(again, desk.controller)
    agreements.sign(again, desk.platform, "platform")
    assert agreements.fresh(again).status == "signed"


def test_what_the_dossier_no_longer_says_is_not_signed_and_a_new_version_says_it(desk: Desk) -> None:
    """Given one signature, when somebody of the team is renamed, then nobody signs before the document says so."""
    agreements.sign(desk.agreement, desk.controller)
    Person.objects.filter(pk=desk.applicant.pk).update(family_name="Nouveau-Nom")
    with pytest.raises(RefusedError) as refused:
        agreements.sign(desk.agreement, desk.platform, "platform")
    assert refused.value.messages == (REASONS["dossier_changed"],)
    seen = agreements.fresh(desk.agreement)
    services.agreement_revise(agreement=seen, seen_version=seen.version, clauses="", reason="Nom.", by=steward())
    assert Signature.objects.get().void_reason == "revised"
    agreements.sign(agreements.opened(seen), desk.platform, "platform")


def test_access_rests_on_signatures_that_count(desk: Desk) -> None:
    """Given a signed agreement, when a signature is void or the dossier says something else, then access is closed."""
    agreements.sign(desk.agreement, desk.controller)
    agreements.sign(desk.agreement, desk.platform, "platform")
    project = Project.objects.get(application=desk.agreement.application_id)

    def unmet() -> list[str]:
        return [one.code for one in access_of(project, desk.applicant) if one.code == "agreement" and not one.is_met]

    assert unmet() == []
    with transaction.atomic():
        Signature.objects.filter(person=desk.platform).update(voided_at=timezone.now(), void_reason="revised")
        assert unmet() == ["agreement"]
        transaction.set_rollback(True)
    Application.objects.filter(pk=desk.agreement.application_id).update(content_hash="0" * 64)
    assert unmet() == ["agreement"]


def test_a_party_declines_and_the_steward_revises(desk: Desk) -> None:
    read = selectors.present_version(desk.agreement).document_hash
    asked: dict[str, Any] = {"agreement": desk.agreement, "party": agreements.party(desk.agreement, "controller")}
    with pytest.raises(RefusedError) as refused:
        services.agreement_decline(**asked, document_hash=read, reason="", by=desk.controller)
    assert refused.value.field == "reason"
    services.agreement_decline(**asked, document_hash=read, reason="Durée trop courte.", by=desk.controller)
    assert Refusal.objects.get().reason == "Durée trop courte."
    declined = agreements.fresh(desk.agreement)
    with pytest.raises(RefusedError):
        agreements.sign(declined, desk.platform, "platform")
    services.agreement_revise(
        agreement=declined, seen_version=declined.version, clauses="", reason="Durée portée à trois ans.", by=steward()
    )
    assert agreements.opened(declined).status == "signing"


def test_a_dossier_that_leaves_ends_its_agreement(desk: Desk) -> None:
    agreements.sign(desk.agreement, desk.controller)
    application = dossiers.fresh(desk.agreement.application)
    application_services.application_withdraw(
        application=application, seen_version=application.version, by=desk.applicant
    )
    assert agreements.fresh(desk.agreement).status == "ended"
    assert Signature.objects.get().void_reason == "ended"


def test_a_revision_makes_the_document_of_the_version_before_needless(db: None) -> None:
    found = agreements.prepared()
    item = OutboxItem.objects.get(kind="agreement.document")
    services.agreement_revise(agreement=found, seen_version=found.version, clauses="", reason="Coquille.", by=steward())
    run_item(item.pk)
    item.refresh_from_db()
    assert item.status == "done"
    assert not Version.objects.get(agreement=found, number=1).document_hash


def test_the_database_binds_a_signature_to_its_document_and_mandate(desk: Desk) -> None:
    version = Version.objects.get(agreement=desk.agreement)
    mandate = Mandate.objects.get(person=desk.controller)
    sound = {
        "document_version": version,
        "party": agreements.party(desk.agreement, "controller"),
        "person": desk.controller,
        "mandate": mandate,
        "document_hash": version.document_hash,
        "record": {},
        "record_hash": "x",
        "signed_at": timezone.now(),
    }
    plain = MandateFactory.create(person=desk.controller, organisation=mandate.organisation, starts_on=date(2021, 1, 1))
    wrong = (
        {"document_hash": "0" * 64},
        {"party": agreements.party(desk.agreement, "platform")},
        {"person": desk.platform},
        {"mandate": plain},
    )
    for change in wrong:
        with pytest.raises(DatabaseError, match="mandate that holds"), transaction.atomic():
            Signature.objects.create(**{**sound, **change})
    Signature.objects.create(**sound)
    with pytest.raises(DatabaseError), transaction.atomic():
        Signature.objects.create(**{**sound, "party": agreements.party(desk.agreement, "platform")})


def test_the_database_keeps_documents_signatures_and_refusals_as_they_are(desk: Desk) -> None:
    agreements.sign(desk.agreement, desk.controller)
    statements = (
        "UPDATE agreements_signature SET record_hash = 'x'",
        "DELETE FROM agreements_signature",
        "UPDATE agreements_version SET document = 'x'::bytea",
        "UPDATE agreements_version SET content = '{}'::jsonb",
        "DELETE FROM agreements_version",
        "UPDATE agreements_version SET superseded_at = now(), number = 9",
    )
    for statement in statements:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    Signature.objects.update(voided_at=timezone.now(), void_reason="revised")
    with pytest.raises(DatabaseError), transaction.atomic():
        Signature.objects.update(voided_at=None, void_reason="")


def test_checking_anew_finds_what_was_altered(desk: Desk) -> None:
    agreements.sign(desk.agreement, desk.controller)
    version = Version.objects.get(agreement=desk.agreement)
    checked = selectors.verification(desk.agreement, bytes(version.document or b""))
    assert not checked.faults and checked.compared
    assert selectors.verification(desk.agreement, b"another").compared is False
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # as whoever owns the tables could
        cursor.execute("UPDATE agreements_signature SET signed_at = signed_at - interval '1 day'")
        cursor.execute("UPDATE agreements_version SET document = document || 'x'::bytea")
    assert {str(fault) for fault in selectors.verification(desk.agreement).faults} == {"document", "record"}


def test_parties_of_two_agreements_are_not_mixed(desk: Desk) -> None:
    other = agreements.signing()
    with pytest.raises(RefusedError), dossiers.second_factor_accepted():
        services.agreement_sign(
            agreement=desk.agreement,
            party=Party.objects.get(agreement=other, kind="platform"),
            document_hash=selectors.present_version(desk.agreement).document_hash,
            code="000000",
            by=desk.platform,
        )
