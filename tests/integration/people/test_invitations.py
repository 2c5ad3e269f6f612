"""Inviting somebody: one message, one link, one acceptance, whoever tries at the same moment."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from apps.accounts.models import Mandate, Person
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.people.models import Invitation, InvitationLink
from apps.people.secrets_sent import secret_digest
from apps.people.services import invitations as services
from apps.people.services.forgetting import expired_forget
from tests.factories.accounts import (
    PASSWORD,
    Browser,
    MandateFactory,
    OrganisationFactory,
    PersonFactory,
    client_signed_in,
    steward,
)
from tests.factories.people import invitation

NEW = {"given_name": "Maxime", "family_name": "Essai", "password": PASSWORD, "language": "fr"}


def administrator(**fields: Any) -> Person:
    """Somebody who administers an organisation."""
    return MandateFactory.create(role="administrator", **fields).person


def sent(by: Person, email: str = "maxime@chu.fr", **fields: Any) -> Invitation:
    """An invitation made by the service, its message sent."""
    given = {"role": "member", "mandate_ends_on": None, "language": "fr", **fields}
    organisation = by.mandates.get().organisation
    made = services.invitation_send(
        organisation=organisation, email=email, given_name="Maxime", family_name="Essai", by=by, **given
    )
    deliver()
    return Invitation.objects.get(pk=made.pk)


def deliver() -> None:
    for item in OutboxItem.objects.filter(status="pending"):
        run_item(item.pk)


def secret_of(number: int = -1) -> str:
    """The secret in the link of a message."""
    found = re.search(r"/invitation/([\w-]+)/", str(mail.outbox[number].body))
    assert found
    return found[1]


@pytest.mark.django_db
class TestSending:
    def test_a_message_carries_a_link_whose_hash_alone_is_kept(self) -> None:
        made = sent(administrator(), email="  Maxime@CHU.fr ")
        assert mail.outbox[0].to == ["maxime@chu.fr"]
        assert InvitationLink.objects.get().digest == secret_digest(secret_of())
        assert made.sent_at
        assert secret_of() not in str(Event.objects.values_list("data", flat=True)[0])

    def test_the_same_happens_whether_or_not_the_address_has_an_account(self) -> None:
        by = administrator()
        PersonFactory.create(email="connue@chu.fr")
        one, other = sent(by, email="connue@chu.fr"), sent(by, email="inconnue@chu.fr")
        assert (one.state, len(mail.outbox)) == (other.state, 2)
        texts = [str(message.body).replace(secret_of(n), "") for n, message in enumerate(mail.outbox)]
        assert texts[0] == texts[1]

    def test_nobody_invites_themselves(self) -> None:
        by = administrator()
        with pytest.raises(RefusedError):
            sent(by, email=by.email.upper(), role="signatory")

    def test_an_administrator_invites_for_their_own_organisation_only(self) -> None:
        by, other = administrator(), OrganisationFactory.create()
        with pytest.raises(RefusedError):
            services.invitation_send(
                organisation=other,
                email="a@chu.fr",
                given_name="A",
                family_name="B",
                role="member",
                mandate_ends_on=None,
                language="fr",
                by=by,
            )

    def test_an_address_is_invited_once_at_a_time_and_not_when_it_acts_already(self) -> None:
        by = administrator()
        made = sent(by)
        with pytest.raises(RefusedError, match="attend déjà"), transaction.atomic():
            sent(by)
        services.invitation_withdraw(invitation=made, by=by)
        sent(by)
        MandateFactory.create(person__email="deja@chu.fr", organisation=made.organisation)
        with pytest.raises(RefusedError, match="agit déjà"):
            sent(by, email="deja@chu.fr")

    def test_sending_again_gives_another_link_and_spends_the_first(self) -> None:
        by = administrator()
        made = sent(by)
        services.invitation_resend(invitation=made, by=by)
        deliver()
        first, second = secret_of(0), secret_of(1)
        assert Browser().get(f"/invitation/{first}/").status_code == 404
        assert Browser().get(f"/invitation/{second}/").status_code == 302
        with pytest.raises(ChangedMeanwhile):
            services.invitation_resend(invitation=made, by=by)

    def test_whoever_does_not_administer_the_organisation_neither_sends_again_nor_withdraws(self) -> None:
        made, other = sent(administrator()), administrator()
        with pytest.raises(RefusedError):
            services.invitation_resend(invitation=made, by=other)
        with pytest.raises(RefusedError):
            services.invitation_withdraw(invitation=made, by=other)
        assert Invitation.objects.get().state == "pending"

    def test_a_message_sent_twice_by_a_worker_that_died_leaves_two_good_links(self) -> None:
        sent(administrator())
        OutboxItem.objects.update(status="pending", finished_at=None)
        deliver()
        assert secret_of(0) != secret_of(1)
        assert {Browser().get(f"/invitation/{secret_of(n)}/").status_code for n in (0, 1)} == {302}

    def test_what_was_withdrawn_is_not_sent(self) -> None:
        made = invitation()
        by = steward()
        services.invitation_resend(invitation=made, by=by)
        services.invitation_withdraw(invitation=Invitation.objects.get(pk=made.pk), by=by)
        deliver()
        assert mail.outbox == []
        with pytest.raises(ChangedMeanwhile):
            services.invitation_withdraw(invitation=made, by=by)

    def test_names_and_addresses_are_forgotten_after_a_while(self) -> None:
        old, young = invitation(), invitation()
        Invitation.objects.filter(pk=old.pk).update(expires_at=timezone.now() - timedelta(days=91))
        assert expired_forget(timezone.now()) == 1
        old.refresh_from_db()
        young.refresh_from_db()
        assert (old.email, old.given_name, old.state) == ("", "", "withdrawn")
        assert young.email


@pytest.mark.django_db
class TestAccepting:
    def test_a_newcomer_chooses_a_password_then_sets_up_a_second_factor(self) -> None:
        made = sent(administrator(), role="signatory", mandate_ends_on=timezone.localdate() + timedelta(days=30))
        browser = Browser()
        assert browser.get(f"/invitation/{secret_of()}/", follow=True).status_code == 200
        fields = {"given_name": "Max", "family_name": "Essai", "password": PASSWORD, "password_again": PASSWORD}
        answer = browser.post("/invitation/", fields)
        assert answer.url == "/connexion/enrolement/"
        person = Person.objects.get(email="maxime@chu.fr")
        mandate = Mandate.objects.get(person=person)
        assert (mandate.role, mandate.may_sign, mandate.given_by) == ("signatory", True, made.invited_by)
        assert mandate.ends_on == timezone.localdate() + timedelta(days=30)
        assert person.professional_address.verified_at
        assert browser.get("/accreditation/").url.startswith("/connexion/code/")
        assert browser.get("/invitation/").status_code == 200  # spent: the page says so
        assert Browser().get(f"/invitation/{secret_of()}/").status_code == 404

    @pytest.mark.parametrize(
        ("password", "again"),
        [
            ("short", "short"),
            ("maxime@chu.fr.abc", "maxime@chu.fr.abc"),
            (PASSWORD, PASSWORD + "x"),
            ("a" * 20, "a" * 20),
        ],
    )
    def test_the_password_keeps_to_the_rules(self, password: str, again: str) -> None:
        sent(administrator())
        browser = Browser()
        browser.get(f"/invitation/{secret_of()}/")
        fields = {"given_name": "Maxime", "family_name": "Essai", "password": password, "password_again": again}
        assert browser.post("/invitation/", fields).status_code == 422
        assert not Person.objects.filter(email="maxime@chu.fr").exists()

    def test_somebody_with_an_account_signs_in_and_accepts(self) -> None:
        person = PersonFactory.create(email="maxime@chu.fr")
        made = sent(administrator())
        visitor, signed_in = Browser(), client_signed_in(person)
        visitor.get(f"/invitation/{secret_of()}/")
        assert b"/connexion/?next=" in visitor.get("/invitation/").content
        signed_in.get(f"/invitation/{secret_of()}/")
        assert signed_in.post("/invitation/").url == "/compte/"
        assert Mandate.objects.get(person=person).organisation == made.organisation
        assert Browser().get(f"/invitation/{secret_of()}/").status_code == 404, "the link has served"

    def test_somebody_else_cannot_accept(self) -> None:
        sent(administrator())
        other = client_signed_in(PersonFactory.create())
        other.get(f"/invitation/{secret_of()}/")
        assert other.post("/invitation/").status_code == 200
        with pytest.raises(RefusedError):
            services.invitation_accept(digest=secret_digest(secret_of()), by=PersonFactory.create())
        assert Invitation.objects.get().state == "pending"

    def test_a_link_whose_time_has_run_out_opens_nothing(self) -> None:
        sent(administrator())
        Invitation.objects.update(expires_at=timezone.now())
        assert Browser().get(f"/invitation/{secret_of()}/").status_code == 404
        with pytest.raises(RefusedError):
            services.invitation_accept_anew(digest=secret_digest(secret_of()), **NEW)

    def test_an_account_made_meanwhile_is_not_taken_over(self) -> None:
        sent(administrator())
        PersonFactory.create(email="maxime@chu.fr")
        with pytest.raises(RefusedError, match="existe"):
            services.invitation_accept_anew(digest=secret_digest(secret_of()), **NEW)
        assert Invitation.objects.get().state == "pending"

    def test_the_database_itself_refuses_a_mandate_given_to_oneself(self) -> None:
        person = PersonFactory.create()
        with pytest.raises(IntegrityError), transaction.atomic():
            MandateFactory.create(person=person, given_by=person)


@pytest.mark.django_db(transaction=True)
def test_of_two_simultaneous_acceptances_one_alone_succeeds() -> None:
    sent(administrator())
    digest, barrier, outcomes = secret_digest(secret_of()), threading.Barrier(2), list[str]()

    def accept() -> None:
        barrier.wait()
        try:
            services.invitation_accept_anew(digest=digest, **NEW)
            outcomes.append("accepted")
        except RefusedError:
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=accept) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["accepted", "refused"]
    assert Mandate.objects.filter(person__email="maxime@chu.fr").count() == 1
