"""Confirming an act that has no form of its own, by a code or by a passkey."""

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as portal
from django.core import signing
from django.core.checks import run_checks
from pytest_django import Settings

from apps.accounts.acts import PAGE_LIFE, Asked, asked_by
from apps.accounts.factor_changes import REPLACE
from apps.accounts.models import Person, RecoveryCode, StepUp
from apps.accounts.rules import STEP_UP_LIFE, Act
from apps.accounts.stepping_up import step_up_is_fresh
from apps.audit.models import Event
from tests.factories.accounts import Browser, PersonFactory, client_signed_in, confirm, current_code
from tests.integration.accounts.conftest import device
from tests.support.authenticator import PRESENT, Authenticator

pytestmark = pytest.mark.django_db
PAGE, OPTIONS, RENEW = "/compte/confirmer/", "/compte/confirmer/options/", "/compte/codes-de-secours/"
ACT = Act("audit.export", "", "a" * 64)


def led_to(person: Person, act: Act = ACT, method: str = "GET") -> str:
    """The address of the page that confirms an act."""
    return f"{PAGE}?acte={Asked(act, '/audit/export/?format=csv', method, '/audit/').token(person)}"


def test_the_page_says_what_is_confirmed_and_leads_on(signed_in: Browser, person: Person) -> None:
    address = led_to(person)
    page = signed_in.get(address).content.decode()
    assert "download events of the audit log" in page
    assert 'href="/audit/"' in page
    done = confirm(signed_in, address, current_code(person)).content.decode()
    assert '<meta http-equiv="refresh" content="0; url=/audit/export/?format=csv">' in done
    assert step_up_is_fresh(person, ACT)
    assert Event.objects.filter(action="second_factor.accepted", data__purpose="audit.export").count() == 1


def test_a_wrong_code_confirms_nothing(signed_in: Browser, person: Person) -> None:
    wrong = f"{(int(current_code(person)) + 1) % 1_000_000:06d}"
    assert confirm(signed_in, led_to(person), wrong).status_code == 422
    assert not StepUp.objects.exists()


@pytest.mark.parametrize("token", ["", "altered", "of another person"])
def test_an_address_that_the_portal_did_not_write_for_this_person_confirms_nothing(
    signed_in: Browser, person: Person, token: str
) -> None:
    mine = parse_qs(urlsplit(led_to(person)).query)["acte"][0]
    others = parse_qs(urlsplit(led_to(PersonFactory.create())).query)["acte"][0]
    given = {"": "", "altered": mine[:-2] + "xx", "of another person": others}[token]
    answer = signed_in.post(PAGE, {"acte": given, "otp_code": current_code(person)})
    assert answer.url == "/compte/"
    assert not StepUp.objects.exists()


def test_an_address_is_worth_half_an_hour(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    token = parse_qs(urlsplit(led_to(person)).query)["acte"][0]
    assert asked_by(person, token) == Asked(ACT, "/audit/export/?format=csv", "GET", "/audit/")
    now = signing.time.time()
    monkeypatch.setattr(signing.time, "time", lambda: now + (PAGE_LIFE + timedelta(seconds=2)).total_seconds())
    assert asked_by(person, token) is None


def passkey_answer(client: Browser, authenticator: Authenticator, act: Act) -> str:
    """What the page's script gets from the browser for this act."""
    given = {"action": act.action, "object_id": act.object_id, "content_hash": act.content_hash}
    options = client.post(OPTIONS, given).json()
    assert options["userVerification"] == "required"
    return authenticator.signed(options["challenge"])


def test_a_passkey_confirms_the_act_it_was_asked_for(
    signed_in: Browser,
    person: Person,
    authenticator: Authenticator,
) -> None:
    address = led_to(person)
    assert 'data-confirmation="audit.export"' in signed_in.get(address).content.decode()
    answer = passkey_answer(signed_in, authenticator, ACT)
    assert confirm(signed_in, address, answer).status_code == 200
    assert step_up_is_fresh(person, ACT)
    assert confirm(signed_in, address, answer).status_code == 422, "an answer is worth one confirmation"
    assert Event.objects.filter(action="second_factor.accepted", data__kind="passkey").count() == 1


@pytest.mark.parametrize(
    "other",
    [Act("workspace.open", "", "a" * 64), Act("audit.export", "7", "a" * 64), Act("audit.export", "", "b" * 64)],
    ids=str,
)
def test_a_passkey_does_not_confirm_another_act_object_or_content(
    signed_in: Browser,
    person: Person,
    authenticator: Authenticator,
    other: Act,
) -> None:
    answer = passkey_answer(signed_in, authenticator, other)
    refused = confirm(signed_in, led_to(person), answer)
    assert refused.status_code == 422
    assert refused.context["form"].errors.keys() == {"otp_code"}
    assert not StepUp.objects.filter(used_at=None).exists()


def test_a_passkey_whose_user_is_not_verified_confirms_nothing(
    signed_in: Browser,
    person: Person,
    authenticator: Authenticator,
) -> None:
    careless = device(flags=PRESENT, count=authenticator.count)
    assert confirm(signed_in, led_to(person), passkey_answer(signed_in, careless, ACT)).status_code == 422


def test_options_are_for_an_act(signed_in: Browser) -> None:
    assert signed_in.post(OPTIONS, {}).status_code == 422


def test_without_a_passkey_none_is_offered(signed_in: Browser, person: Person) -> None:
    assert "data-confirmation" not in signed_in.get(led_to(person)).content.decode()


def test_new_recovery_codes_replace_the_present_ones_and_end_other_sessions(signed_in: Browser, person: Person) -> None:
    other = client_signed_in(person)
    assert signed_in.get(RENEW).status_code == 200
    assert signed_in.post(RENEW, {"otp_code": "000000"}).status_code == 422
    before = set(RecoveryCode.objects.values_list("digest", flat=True))
    answer = signed_in.post(RENEW, {"otp_code": current_code(person)})
    assert answer.url == "/connexion/codes-de-secours/"
    assert len(signed_in.get(answer.url).context["codes"]) == 10
    after = set(RecoveryCode.objects.values_list("digest", flat=True))
    assert len(after) == 10
    assert not after & before
    assert other.get("/compte/").status_code == 302
    assert Event.objects.filter(action="second_factor.codes_renewed", actor=str(person.pk)).exists()


def test_a_passkey_confirms_every_change_of_factors(
    signed_in: Browser,
    person: Person,
    authenticator: Authenticator,
) -> None:
    act = Act("account.recovery_codes_renew", str(person.pk))
    assert signed_in.post(RENEW, {"otp_code": passkey_answer(signed_in, authenticator, act)}).status_code == 302
    act = Act(REPLACE, str(person.pk))
    answer = signed_in.post("/compte/second-facteur/", {"code": passkey_answer(signed_in, authenticator, act)})
    assert answer.url == "/connexion/enrolement/"


def test_an_old_confirmation_opens_no_enrolment(signed_in: Browser, person: Person) -> None:
    signed_in.post("/compte/second-facteur/", {"code": current_code(person)})
    assert signed_in.get("/connexion/enrolement/").status_code == 200
    StepUp.objects.update(confirmed_at=StepUp.objects.get().confirmed_at - STEP_UP_LIFE)
    assert signed_in.get("/connexion/enrolement/").status_code == 302


def test_the_policy_may_ask_it_for_other_downloads_by_their_names(settings: Settings, rf: Any) -> None:
    assert "application.review_attachment" not in portal.STEP_UP_DOWNLOADS
    settings.STEP_UP_DOWNLOADS = frozenset({"application.review_attachment"})
    assert [problem.id for problem in run_checks() if problem.id == "hdh.E002"] == []
    settings.STEP_UP_DOWNLOADS = frozenset({"application.aprove"})
    assert [problem.id for problem in run_checks() if problem.id == "hdh.E002"] == ["hdh.E002"]
