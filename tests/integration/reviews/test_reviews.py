"""A review of accesses, from its opening to its last day."""

from datetime import timedelta

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from apps.accounts.models import Mandate, Person, StaffRole
from apps.accounts.services import mandate_end
from apps.audit.models import Event
from apps.core.errors import ChangedMeanwhile, RefusedError
from apps.core.models import OutboxItem
from apps.core.outbox import run_item
from apps.projects.models import Membership
from apps.projects.selectors import projects_visible_to
from apps.reviews import services
from apps.reviews.models import Review, ReviewItem
from apps.workspaces.models import GatewaySession
from apps.workspaces.rules import Status
from tests.factories import workspaces as made
from tests.factories.accounts import PersonFactory, StaffRoleFactory, client_signed_in, steward

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def stewards() -> tuple[Person, Person]:
    return steward(language="en"), steward(language="en")


def opened(by: Person, days: int = 30) -> Review:
    return services.review_begin(closes_on=timezone.localdate() + days * DAY, by=by)


def item_of(review: Review, holder: Person, kind: str) -> ReviewItem:
    return review.items.get(holder=holder, kind=kind)


def deadline(review: Review) -> OutboxItem:
    """The last day has passed, perhaps long ago."""
    item = OutboxItem.objects.get(kind=services.KIND)
    OutboxItem.objects.filter(pk=item.pk).update(not_before=timezone.now() - 3 * DAY)
    return item


def test_a_steward_alone_opens_a_review() -> None:
    with pytest.raises(RefusedError):
        opened(PersonFactory.create())
    assert not Review.objects.exists()


def test_a_review_lists_every_access_and_tells_the_stewards(stewards: tuple[Person, Person]) -> None:
    workspace = made.at_status(Status.RUNNING)
    review = opened(stewards[0])
    member = Membership.objects.get(project=workspace.project).person
    assert {item.kind for item in review.items.filter(holder=member)} == {"mandate", "membership"}
    assert {item.holder for item in review.items.filter(kind="staff_role")} == set(stewards)
    for item in OutboxItem.objects.filter(kind="e-mail", not_before__lte=timezone.now()):
        run_item(item.pk)
    assert {message.to[0] for message in mail.outbox} == {one.email for one in stewards}
    assert str(review.pk) in str(mail.outbox[0].body)
    assert OutboxItem.objects.filter(kind="e-mail", not_before__gt=timezone.now()).count() == 2


def test_one_review_is_open_at_a_time_and_lasts_a_while(stewards: tuple[Person, Person]) -> None:
    with pytest.raises(RefusedError):
        opened(stewards[0], days=2)
    opened(stewards[0])
    with pytest.raises(RefusedError):
        opened(stewards[1])


def test_an_access_is_confirmed_by_somebody_else(stewards: tuple[Person, Person]) -> None:
    one, other = stewards
    review = opened(one)
    mine, theirs = item_of(review, one, "staff_role"), item_of(review, other, "staff_role")
    assert services.accesses_confirm(review=review, item_ids=[theirs.pk], by=one) == 1
    with pytest.raises(RefusedError):
        services.accesses_confirm(review=review, item_ids=[mine.pk], by=one)
    with pytest.raises(ChangedMeanwhile):
        services.accesses_confirm(review=review, item_ids=[theirs.pk], by=one)
    with pytest.raises(RefusedError):
        services.accesses_confirm(review=review, item_ids=[], by=one)
    theirs.refresh_from_db()
    assert (theirs.verdict, theirs.decided_by) == ("confirmed", one)


def test_the_database_keeps_verdicts_and_refuses_ones_own(stewards: tuple[Person, Person]) -> None:
    one, other = stewards
    review = opened(one)
    items = ReviewItem.objects.filter(pk=item_of(review, other, "staff_role").pk)
    with pytest.raises(IntegrityError), transaction.atomic():
        items.update(verdict="confirmed", decided_by=other, decided_at=timezone.now())
    services.accesses_confirm(review=review, item_ids=[items.get().pk], by=one)
    with pytest.raises(IntegrityError), transaction.atomic():
        items.update(verdict="withdrawn", reason="x")


def test_withdrawing_a_membership_closes_project_and_workspace_at_once(stewards: tuple[Person, Person]) -> None:
    person = PersonFactory.create()
    workspace = made.at_status(Status.RUNNING, investigator=person)
    GatewaySession.objects.create(
        secret_hash="0" * 64, workspace=workspace, person=person, expires_at=timezone.now() + DAY
    )
    review = opened(stewards[0])
    item = item_of(review, person, "membership")
    with pytest.raises(RefusedError):
        services.accesses_withdraw(review=review, item_ids=[item.pk], reason="", by=stewards[0])
    services.accesses_withdraw(review=review, item_ids=[item.pk], reason="Parti.", by=stewards[0])
    assert not projects_visible_to(person).exists()
    assert GatewaySession.objects.get().end == "revoked"
    assert Event.objects.filter(action="membership.ended").exists()


def test_withdrawing_a_role_or_a_mandate_ends_it(stewards: tuple[Person, Person]) -> None:
    one, other = stewards
    workspace = made.at_status(Status.RUNNING)
    review = opened(one)
    holder = Membership.objects.get(project=workspace.project).person
    items = [item_of(review, other, "staff_role").pk, item_of(review, holder, "mandate").pk]
    services.accesses_withdraw(review=review, item_ids=items, reason="Fin de mission.", by=one)
    assert Person.objects.get(pk=other.pk).staff_roles == frozenset()
    assert not Mandate.objects.current(timezone.localdate()).filter(person=holder).exists()


def test_after_the_deadline_what_nobody_confirmed_lapses_once(stewards: tuple[Person, Person]) -> None:
    one, other = stewards
    operator = StaffRoleFactory.create(role="operator").person
    workspace = made.at_status(Status.RUNNING)
    member = Membership.objects.get(project=workspace.project)
    review = opened(one)
    mandate_end(mandate=Mandate.objects.get(person=member.person), by=None)
    services.accesses_confirm(review=review, item_ids=[item_of(review, other, "staff_role").pk], by=one)
    item = deadline(review)
    run_item(item.pk)
    run_item(item.pk)
    verdicts = {(found.holder_id, found.kind): found.verdict for found in review.items.all()}
    assert verdicts == {
        (one.pk, "staff_role"): "lapsed",
        (other.pk, "staff_role"): "confirmed",
        (operator.pk, "staff_role"): "kept",
        (member.person_id, "mandate"): "gone",
        (member.person_id, "membership"): "lapsed",
    }
    review.refresh_from_db()
    assert (review.state, OutboxItem.objects.get(pk=item.pk).status) == ("closed", "done")
    assert not Membership.objects.exists()
    assert Person.objects.get(pk=one.pk).staff_roles == frozenset()
    assert Event.objects.filter(action="review.access_lapsed").count() == 2
    with pytest.raises(RefusedError):
        services.accesses_confirm(review=review, item_ids=[1], by=other)


def test_a_platform_is_never_left_without_a_steward(stewards: tuple[Person, Person]) -> None:
    review = opened(stewards[0])
    run_item(deadline(review).pk)
    assert sorted(item.verdict for item in review.items.all()) == ["kept", "lapsed"]
    assert StaffRole.objects.current(timezone.localdate()).filter(role="steward").count() == 1


def test_a_long_review_lapses_some_at_a_time(stewards: tuple[Person, Person], monkeypatch: pytest.MonkeyPatch) -> None:
    made.project(members=(PersonFactory.create(), PersonFactory.create()))
    review = opened(stewards[0])
    step = services.review_step
    monkeypatch.setattr("apps.reviews.tasks.review_step", lambda subject, lease: step(subject, lease, at_most=3))
    item = deadline(review)
    rounds = 0
    while OutboxItem.objects.get(pk=item.pk).status == "pending":
        run_item(item.pk)
        rounds += 1
        assert rounds < 9
    assert rounds == 3
    assert not review.items.filter(verdict="pending").exists()


def test_the_pages_work_from_the_browser(stewards: tuple[Person, Person]) -> None:
    one, other = stewards
    browser = client_signed_in(one)
    assert b"No review yet" in browser.get("/revues-des-acces/").content
    assert browser.post("/revues-des-acces/ouvrir/", {"closes_on": str(timezone.localdate())}).status_code == 422
    answer = browser.post("/revues-des-acces/ouvrir/", {"closes_on": str(timezone.localdate() + 30 * DAY)})
    review = Review.objects.get()
    page = browser.get(answer.url).content.decode()
    assert other.full_name in page
    assert "your own" in page
    theirs = item_of(review, other, "staff_role").pk
    decide = f"{answer.url}avis/"
    assert browser.post(decide, {"verdict": "withdraw", "items": theirs}).status_code == 422
    assert browser.post(decide, {"verdict": "confirm", "items": "no number"}).status_code == 422
    assert browser.post(decide, {"verdict": "confirm", "items": theirs}).status_code == 302
    assert "confirmed" in browser.get(f"{answer.url}?verdict=confirmed&kind=staff_role&name=").content.decode()
    assert browser.get(f"{answer.url}?verdict=nonsense").status_code == 200


def test_the_page_asks_as_much_for_ten_as_for_two(stewards: tuple[Person, Person]) -> None:
    review = opened(stewards[0])
    browser, address = client_signed_in(stewards[0]), f"/revues-des-acces/{review.pk}/"
    browser.get(address)

    def queries() -> int:
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(address).status_code == 200
        return len(asked)

    few = queries()
    holders = PersonFactory.create_batch(8)
    ReviewItem.objects.bulk_create(
        ReviewItem(review=review, kind="mandate", grant_id=number, holder=holder, role="member")
        for number, holder in enumerate(holders, 10_000)
    )
    assert queries() == few
