"""Opening a review, confirming and withdrawing accesses, and what becomes of those that nobody confirmed."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime, time

from django.db import IntegrityError, transaction
from django.utils import timezone

from apps.accounts.models import Mandate, Person, StaffRole
from apps.accounts.services import ZONE_ACTOR, mandate_end, staff_role_end
from apps.audit.services import event_record
from apps.core.errors import ChangedMeanwhile, RefusedError, refusal
from apps.core.mail import mail_enqueue
from apps.core.outbox import Lease, outbox_enqueue
from apps.core.rules import Refused, Role
from apps.projects.models import Membership
from apps.projects.services import membership_end
from apps.reviews import rules, wording
from apps.reviews.models import Review, ReviewItem
from apps.reviews.selectors import grants_in_force, others_hold

KIND = "access-review"
Verdict = ReviewItem.Verdict


def review_begin(*, closes_on: date, by: Person) -> Review:
    """Open a review of every access that holds today, until the end of a day. Stewards are told, and reminded.

    Raises RefusedError when one is open already, or for a day too near or too far.
    """
    refuse_unless_allowed("review.open", by)
    today = timezone.localdate()
    if not rules.deadline_fits(today, closes_on):
        raise RefusedError((wording.DEADLINE,), field="closes_on")
    closes_at = timezone.make_aware(datetime.combine(closes_on, time.max.replace(microsecond=0)))
    try:
        with transaction.atomic():
            review = Review.objects.create(opened_by=by, closes_at=closes_at)
            items = ReviewItem.objects.bulk_create(grants_in_force(review, today), batch_size=1000)
            outbox_enqueue(kind=KIND, key=f"{KIND}:{review.pk}", subject_id=str(review.pk), not_before=closes_at)
            _stewards_told(review)
            _record("review.opened", review, str(by.pk), {"items": len(items), "closes_on": str(closes_on)})
    except IntegrityError as error:
        raise RefusedError((wording.ONE_OPEN,)) from error
    return review


def _stewards_told(review: Review) -> None:
    current = StaffRole.objects.current(timezone.localdate()).filter(role=Role.STEWARD, person__is_active=True)
    for person_id in current.values_list("person_id", flat=True).distinct():
        mail_enqueue(kind=KIND, subject_id=str(person_id), key=f"{review.pk}:opened:{person_id}")
        mail_enqueue(
            kind=KIND,
            subject_id=str(person_id),
            key=f"{review.pk}:reminder:{person_id}",
            not_before=review.closes_at - rules.REMINDER,
        )


def accesses_confirm(*, review: Review, item_ids: Collection[int], by: Person) -> int:
    """Say of each of these accesses that it is still needed. Gives how many.

    Raises RefusedError for one's own or without any, ChangedMeanwhile when one was decided meanwhile: then none is.
    """
    with transaction.atomic():
        items = _items_locked(review, item_ids, by)
        for item in items:
            _decided(item, Verdict.CONFIRMED, by)
    return len(items)


def accesses_withdraw(*, review: Review, item_ids: Collection[int], reason: str, by: Person) -> int:
    """End each of these accesses now: it is gone with the next request. Raises as `accesses_confirm` does."""
    if not reason:
        raise RefusedError((wording.REASON_MISSING,), field="reason")
    with transaction.atomic():
        items = _items_locked(review, item_ids, by)
        for item in items:
            _decided(item, Verdict.WITHDRAWN if _end(item, by) else Verdict.GONE, by, reason)
    return len(items)


def _items_locked(review: Review, item_ids: Collection[int], by: Person) -> list[ReviewItem]:
    if not item_ids:
        raise RefusedError((wording.NOTHING_CHOSEN,), field="items")
    present = Review.objects.select_for_update(no_key=True).get(pk=review.pk)
    pending = ReviewItem.objects.select_for_update(of=("self",)).select_related("holder").order_by("pk")
    items = list(pending.filter(review=present, pk__in=item_ids, verdict=Verdict.PENDING))
    own = any(item.holder_id == by.pk for item in items)
    refuse_unless_allowed("review.decide", by, state=present.state, is_own=own)
    if len(items) != len(set(item_ids)):
        raise ChangedMeanwhile
    return items


def review_step(review_id: str, lease: Lease, *, at_most: int = 100) -> bool:
    """After the deadline: let the next accesses lapse, each in a transaction of its own, then close the review.

    Gives whether the review is closed. Safe to repeat: a verdict once given stays, and its effect came with it.
    """
    pending = ReviewItem.objects.filter(review_id=review_id, verdict=Verdict.PENDING).order_by("pk")
    for item_id in list(pending.values_list("pk", flat=True)[:at_most]):
        with transaction.atomic():
            lease.hold()
            item = pending.select_for_update().filter(pk=item_id).first()
            if item:
                _lapse(item)
    with transaction.atomic():
        lease.hold()
        if pending.exists():
            return False
        review = Review.objects.filter(pk=review_id, state=Review.State.OPEN)
        if review.update(state=Review.State.CLOSED, closed_at=timezone.now()):
            _record("review.closed", Review.objects.get(pk=review_id), ZONE_ACTOR, {})
    return True


def _lapse(item: ReviewItem) -> None:
    staff_role = item.role if item.kind == ReviewItem.Kind.STAFF_ROLE else ""
    others = not staff_role or others_hold(staff_role, item.grant_id, timezone.localdate())
    verdict = rules.verdict_at_deadline(holds=True, role=staff_role, others_hold_it=others)
    if verdict is rules.Verdict.LAPSED and not _end(item, None):
        verdict = rules.Verdict.GONE
    _decided(item, Verdict(verdict), None)


def _decided(item: ReviewItem, verdict: str, by: Person | None, reason: str = "") -> None:
    item.verdict, item.decided_by, item.decided_at, item.reason = verdict, by, timezone.now(), reason
    item.save(update_fields=["verdict", "decided_by", "decided_at", "reason"])
    data = {"review": str(item.review_id), "kind": item.kind, "grant": item.grant_id, "role": item.role}
    event_record(
        action=f"review.access_{verdict}",
        actor=str(by.pk) if by else ZONE_ACTOR,
        object_kind="person",
        object_id=str(item.holder_id),
        data=data,
    )


def _end(item: ReviewItem, by: Person | None) -> bool:
    """End the grant of an item. False when it had ended already."""
    try:
        with transaction.atomic():
            return _ENDS[rules.Kind(item.kind)](item.grant_id, by)
    except ChangedMeanwhile:
        return False


def _end_staff_role(grant_id: int, by: Person | None) -> bool:
    role = StaffRole.objects.filter(pk=grant_id).first()
    if role:
        staff_role_end(staff_role=role, by=by)
    return role is not None


def _end_mandate(grant_id: int, by: Person | None) -> bool:
    mandate = Mandate.objects.filter(pk=grant_id).first()
    if mandate:
        mandate_end(mandate=mandate, by=by)
    return mandate is not None


def _end_membership(grant_id: int, by: Person | None) -> bool:
    member = Membership.objects.select_related("project", "person").filter(pk=grant_id).first()
    if member:
        membership_end(membership=member, by=str(by.pk) if by else ZONE_ACTOR)
    return member is not None


_ENDS: Mapping[rules.Kind, Callable[[int, Person | None], bool]] = {
    rules.Kind.STAFF_ROLE: _end_staff_role,
    rules.Kind.MANDATE: _end_mandate,
    rules.Kind.MEMBERSHIP: _end_membership,
}


def refuse_unless_allowed(action: str, by: Person, *, state: str = "", is_own: bool = False) -> None:
    decision = rules.decide(action, by.staff_roles, state=state, is_own=is_own)
    if isinstance(decision, Refused):
        raise refusal(decision, wording.REFUSALS)


def _record(action: str, review: Review, actor: str, data: Mapping[str, object]) -> None:
    event_record(action=action, actor=actor, object_kind="review", object_id=str(review.pk), data=data)
