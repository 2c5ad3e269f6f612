"""Real simultaneous requests on a real PostgreSQL: one code is worth one session."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar
from unittest import mock

import pytest
from django.db import connection

from apps.accounts import factor_changes
from apps.accounts.factors import code_accept, recovery_codes_create
from apps.accounts.models import Person, TotpDevice
from apps.accounts.totp import code_at, counter_now
from apps.accounts.wording import ANY_CODE
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile
from tests.factories.accounts import SEED, Browser, PersonFactory, TotpDeviceFactory, current_code
from tests.integration.accounts.conftest import give_code, give_password

POSTS = 50
pytestmark = pytest.mark.django_db(transaction=True)
Result = TypeVar("Result")


def at_once(jobs: Sequence[Callable[[], Result]]) -> list[Result]:
    """Run every job in its own thread and connection, all released at the same moment."""
    start = Barrier(len(jobs))

    def run(job: Callable[[], Result]) -> Result:
        try:
            start.wait(timeout=30)
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(run, jobs))


@pytest.fixture
def verified_person() -> Person:
    return TotpDeviceFactory.create().user


def test_one_code_posted_fifty_times_at_once_opens_one_session(verified_person: Person) -> None:
    clients = [give_password(verified_person) for _ in range(POSTS)]
    code = current_code(verified_person)
    at_once([lambda client=client: give_code(client, code) for client in clients])  # type: ignore[misc]
    opened = [client for client in clients if client.last.status_code == 302]
    assert len(opened) == 1
    assert {client.last.status_code for client in clients if client not in opened} == {422}
    assert Event.objects.filter(action="second_factor.accepted").count() == 1


def test_the_device_itself_accepts_one_of_fifty_even_without_the_throttle(verified_person: Person) -> None:
    code = current_code(verified_person)
    devices = [TotpDevice.objects.get() for _ in range(POSTS)]
    accepted = at_once([lambda device=device: device.verify_token(code) for device in devices])  # type: ignore[misc]
    assert sum(accepted) == 1


def test_a_recovery_code_is_worth_one_of_fifty(verified_person: Person) -> None:
    device = TotpDevice.objects.get()
    code = recovery_codes_create(device)[0]
    results = at_once([lambda: code_accept(device, code, ANY_CODE) for _ in range(POSTS)])
    assert sum(result is not None for result in results) == 1


def test_two_windows_enrolling_at_once_leave_one_factor() -> None:
    person = PersonFactory.create()
    code = code_at(SEED, counter_now())

    def enrol() -> bool:
        try:
            factor_changes.enrolment_confirm(person=person, seed=SEED, code=code, replacing=False)
        except ChangedMeanwhile:
            return False
        return True

    assert sum(at_once([enrol] * 8)) == 1
    assert TotpDevice.objects.count() == 1
    assert Event.objects.filter(action="second_factor.enrolled").count() == 1


def test_a_session_ended_during_a_request_is_not_written_back(verified_person: Person) -> None:
    client = give_password(verified_person)

    def end_meanwhile(**_: object) -> None:
        verified_person.sessions.all().delete()

    with mock.patch("apps.accounts.views.services.session_opened", side_effect=end_meanwhile):
        response = client.post("/connexion/code/", {"code": current_code(verified_person)})
    assert response.status_code == 400
    assert not verified_person.sessions.exists()
    assert Browser(headers={"cookie": ""}).get("/compte/").status_code == 302
