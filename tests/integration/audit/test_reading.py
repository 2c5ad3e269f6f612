"""Reading sensitive pages leaves an event."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.sessions.backends.base import SessionBase
from django.http import Http404, HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from apps.accounts.models import Person
from apps.accounts.sessions import SessionStore
from apps.audit.models import Event
from apps.audit.reading import event_read, reads
from apps.audit.standalone.verify_audit import leaf_hash
from apps.core.actions import declares
from tests.factories.accounts import PersonFactory
from tests.factories.audit import unguarded

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def person() -> Person:
    return PersonFactory.create()


def session() -> SessionBase:
    made = SessionStore()
    made.create()
    return made


def request_of(person: Person, in_session: SessionBase | None = None) -> HttpRequest:
    request = RequestFactory().get("/")
    request.user = person
    request.session = in_session or session()
    return request


def page(status: int = 200) -> Any:
    @declares("application.view")
    @reads("application.read", object_kind="application", object_id="application_id", dossier_id="application_id")
    def view(request: HttpRequest, application_id: str) -> HttpResponse:
        return HttpResponse(status=status)

    return view


def test_a_page_that_was_shown_is_recorded_with_its_dossier(person: Person) -> None:
    identifier = str(uuid4())
    assert page()(request_of(person), application_id=identifier).status_code == 200
    event = Event.objects.get()
    assert (event.action, event.actor, event.object_id) == ("application.read", str(person.pk), identifier)
    assert (str(event.dossier_id), event.reading) == (identifier, True)


@pytest.mark.parametrize(("status", "recorded"), [(200, 1), (422, 1), (302, 0), (403, 0), (204, 0)])
def test_only_what_shows_something_is_a_reading(person: Person, status: int, recorded: int) -> None:
    page(status)(request_of(person), application_id=str(uuid4()))
    assert Event.objects.count() == recorded


def test_a_page_that_is_not_theirs_is_no_reading(person: Person) -> None:
    @reads("application.read", object_kind="application", object_id="application_id")
    def missing(request: HttpRequest, application_id: str) -> HttpResponse:
        raise Http404

    with pytest.raises(Http404):
        missing(request_of(person), application_id="1")
    assert not Event.objects.exists()


def test_the_declared_action_stays_on_the_view() -> None:
    assert page().action == "application.view"


def test_the_same_reading_within_five_minutes_counts_once(person: Person) -> None:
    """Given a page that renews itself, then one event; another session, object or person is another reading."""
    mine, other, identifier = session(), session(), str(uuid4())
    for _ in range(3):
        page()(request_of(person, mine), application_id=identifier)
    assert Event.objects.count() == 1
    page()(request_of(person, other), application_id=identifier)
    page()(request_of(person, mine), application_id=str(uuid4()))
    page()(request_of(PersonFactory.create(), mine), application_id=identifier)
    assert Event.objects.count() == 4


def test_the_same_reading_later_counts_again(person: Person) -> None:
    mine, identifier = session(), str(uuid4())
    page()(request_of(person, mine), application_id=identifier)
    event = Event.objects.get()
    event.at = timezone.now() - timedelta(minutes=5, seconds=1)
    unguarded("UPDATE audit_event SET at = %s, leaf = %s", [event.at, leaf_hash(event.content)])
    page()(request_of(person, mine), application_id=identifier)
    assert Event.objects.count() == 2


def test_the_event_names_the_session_without_giving_it_away(person: Person) -> None:
    mine = session()
    event = event_read(request_of(person, mine), action="x.read", object_kind="x", object_id=1, data={"count": 2})
    assert event is not None
    assert set(event.data) == {"count", "session"}
    assert mine.session_key not in str(event.data)


def test_no_event_no_reading(person: Person) -> None:
    """Given an event that cannot be written, then the page is not given."""
    with pytest.raises(ValueError, match="badly formed"):
        page()(request_of(person), application_id="no identifier")
