"""Two people at once: one wins, the other is told, nothing is half done."""

import threading
from typing import Any

import pytest
from django.db import connection

from apps.accounts.models import Person
from apps.applications import services
from apps.applications.models import Application, Decision, Page, Submission
from apps.core.errors import ChangedMeanwhile, PortalError, RefusedError
from tests.factories.accounts import TotpDeviceFactory, current_code, steward
from tests.factories.applications import (
    at_status,
    fresh,
    researcher,
    second_factor_accepted,
)
from tests.integration.applications.deciding import send_back


@pytest.mark.django_db(transaction=True)
def test_two_stewards_at_once_one_wins_and_the_other_is_told(follow_ups: list[tuple[str, str]]) -> None:
    """Given two stewards who decide at the same moment, one decision exists and the other learns whose it is."""
    application = at_status("submitted")
    deciders = [steward(family_name="Petit"), steward(family_name="Robert")]
    barrier, outcomes = threading.Barrier(2), []

    def decide(person: Person, attempt: object) -> None:
        barrier.wait()
        try:
            outcomes.append(attempt(application, person))  # type: ignore[operator]
        except PortalError as error:
            outcomes.append(error)
        finally:
            connection.close()

    threads = [
        threading.Thread(target=decide, args=pair) for pair in zip(deciders, (send_back, approve_now), strict=True)
    ]
    with second_factor_accepted():
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    won = [outcome for outcome in outcomes if isinstance(outcome, Decision)]
    lost = [outcome for outcome in outcomes if isinstance(outcome, ChangedMeanwhile)]
    assert (len(won), len(lost)) == (1, 1)
    assert won[0].by.full_name in str(lost[0].message)
    assert Decision.objects.count() == 1
    assert fresh(application).status == won[0].outcome


def approve_now(application: Application, by: Person) -> Decision:
    """Approve inside a second factor already taken as given (patching is not for threads)."""
    return services.application_approve(
        application=application,
        seen_version=application.version,
        content_hash=application.content_hash,
        code="000000",
        comment="",
        by=by,
    )


@pytest.mark.django_db(transaction=True)
def test_the_second_factor_is_asked_for_and_counts_once(follow_ups: list[tuple[str, str]]) -> None:
    """Given a wrong code, nothing is decided; given a right one, the decision is made and the code is spent."""
    decider = steward()
    TotpDeviceFactory.create(user=decider)
    application = at_status("submitted")
    code = current_code(decider)
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    asked: dict[str, Any] = {
        "seen_version": application.version,
        "content_hash": application.content_hash,
        "comment": "",
    }
    with pytest.raises(RefusedError) as refused:
        services.application_approve(application=application, code=wrong, by=decider, **asked)
    assert refused.value.field == "otp_code"
    assert fresh(application).status == "submitted"
    decision = services.application_approve(application=application, code=code, by=decider, **asked)
    assert decision.outcome == "approved"


@pytest.mark.django_db(transaction=True)
def test_a_page_saved_during_a_submission_is_in_it_or_refused() -> None:
    """Given a save and a submission at the same moment, what was submitted is what the page holds."""
    by = researcher()
    application = at_status("draft", by=by)
    version = Page.objects.get(application=application, key="summary").version
    content = {"summary_fr": "Écrit au dernier moment.", "summary_en": ""}
    barrier = threading.Barrier(2)

    def save() -> None:
        barrier.wait()
        try:
            services.page_save(application=application, key="summary", content=content, seen_version=version, by=by)
        except PortalError:
            pass
        finally:
            connection.close()

    def submit() -> None:
        barrier.wait()
        services.application_submit(application=application, seen_version=1, by=by)
        connection.close()

    threads = [threading.Thread(target=save), threading.Thread(target=submit)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    submitted = Submission.objects.get().content["pages"]["summary"]
    assert submitted == Page.objects.get(application=application, key="summary").content
