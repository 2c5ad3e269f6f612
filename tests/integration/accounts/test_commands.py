"""The demonstration's people, who exist in a demonstration only."""

from io import StringIO
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command

from apps.accounts.demonstration import DEMO_PASSWORD, DEMO_PEOPLE
from apps.accounts.management.commands import demo_code as command
from apps.accounts.models import Organisation, Person, TotpDevice
from apps.accounts.rules import siren_is_valid
from apps.accounts.selectors import person_by_email
from apps.accounts.totp import counter_now
from apps.audit.models import Event
from apps.core.rules import Role
from tests.factories.accounts import Browser, PersonFactory, TotpDeviceFactory
from tests.integration.accounts.conftest import give_code, give_password

pytestmark = pytest.mark.django_db
CAMILLE = "camille.durand@chu-demo.fr"


@pytest.fixture
def _demo(settings: Any, tmp_path: Path) -> None:
    settings.DEMO_MODE, settings.MEDIA_DIR = True, tmp_path


def printed(*arguments: str) -> str:
    out = StringIO()
    call_command(*arguments, stdout=out)
    return out.getvalue().strip()


@pytest.mark.usefixtures("_demo")
def test_the_people_of_the_demonstration_are_made_once() -> None:
    assert printed("demo_people").count(" made") == len(DEMO_PEOPLE)
    events = Event.objects.count()
    assert printed("demo_people") == ""
    assert Event.objects.count() == events
    assert Person.objects.count() == len(DEMO_PEOPLE)
    assert all(siren_is_valid(one.siren) for one in Organisation.objects.all())
    assert Organisation.objects.count() == len({one.organisation for one in DEMO_PEOPLE})


@pytest.mark.usefixtures("_demo")
@pytest.mark.parametrize(
    ("email", "roles"),
    [
        (CAMILLE, set()),
        ("sacha.leroy@labo-demo.fr", set()),
        ("morgan.petit@hdh-demo.fr", {Role.STEWARD}),
        ("dominique.robert@hdh-demo.fr", {Role.STEWARD}),
        ("claude.bernard@hdh-demo.fr", {Role.OPERATOR}),
        ("jo.moreau@hdh-demo.fr", {Role.AUDITOR}),
    ],
)
def test_each_signs_in_with_the_printed_code_and_holds_their_role(email: str, roles: set[Role]) -> None:
    call_command("demo_people", stdout=StringIO())
    person = person_by_email(email)
    assert person is not None
    client = give_code(give_password(person, password=DEMO_PASSWORD), printed("demo_code", email.upper()))
    assert client.last.url == "/"
    assert person.staff_roles == roles


@pytest.mark.usefixtures("_demo")
def test_the_password_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HDH_DEMO_PASSWORD", "another demonstration password")
    call_command("demo_people", stdout=StringIO())
    assert Person.objects.get(email=CAMILLE).check_password("another demonstration password")


@pytest.mark.usefixtures("_demo")
def test_the_newcomer_sets_up_their_factor_themselves() -> None:
    call_command("demo_people", stdout=StringIO())
    with pytest.raises(CommandError, match="not set up"):
        printed("demo_code", "nouvelle.personne@chu-demo.fr")


@pytest.mark.usefixtures("_demo")
def test_after_a_code_was_used_the_next_one_is_printed() -> None:
    call_command("demo_people", stdout=StringIO())
    person = Person.objects.get(email=CAMILLE)
    for _ in range(2):
        assert TotpDevice.objects.get(user=person).verify_token(printed("demo_code", CAMILLE))


def test_when_both_codes_of_the_moment_are_spent_it_waits() -> None:
    device = TotpDeviceFactory.create(last_counter=counter_now() + 1)
    beats = iter([counter_now(), counter_now(), counter_now() + 1])
    with (
        mock.patch.object(command, "counter_now", side_effect=beats),
        mock.patch.object(command.time, "sleep") as slept,
    ):
        assert command.unspent_counter(device) == device.last_counter + 1
    assert slept.call_count == 1


@pytest.mark.parametrize("arguments", [("demo_people",), ("demo_code", CAMILLE)])
def test_outside_a_demonstration_both_are_refused(settings: Any, arguments: tuple[str, ...]) -> None:
    settings.DEMO_MODE = settings.DEBUG = False
    with pytest.raises(CommandError, match="HDH_DEMO=1"):
        call_command(*arguments)
    assert not Person.objects.exists()


@pytest.mark.usefixtures("_demo")
def test_nobody_else_s_code_is_ever_printed() -> None:
    person = TotpDeviceFactory.create(user=PersonFactory.create()).user
    with pytest.raises(CommandError, match="not a demonstration account"):
        printed("demo_code", person.email)


def test_the_sign_in_page_says_nothing_of_the_demonstration_password() -> None:
    assert DEMO_PASSWORD.encode() not in Browser().get("/connexion/").content
