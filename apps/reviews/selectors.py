"""Reading reviews, and the grants that a new one looks at."""

from collections.abc import Iterator
from datetime import date

from django.db.models import Count, Q, QuerySet

from apps.accounts.models import Mandate, StaffRole
from apps.projects.models import Membership, Project
from apps.reviews.models import Review, ReviewItem

Kind, Verdict = ReviewItem.Kind, ReviewItem.Verdict


def grants_in_force(review: Review, today: date) -> Iterator[ReviewItem]:
    """An item for each grant that holds on this day; three queries."""
    for role in StaffRole.objects.current(today).filter(person__is_active=True):
        yield ReviewItem(
            review=review, kind=Kind.STAFF_ROLE, grant_id=role.pk, holder_id=role.person_id, role=role.role
        )
    mandates = Mandate.objects.current(today).filter(person__is_active=True).select_related("organisation")
    for mandate in mandates:
        yield ReviewItem(
            review=review,
            kind=Kind.MANDATE,
            grant_id=mandate.pk,
            holder_id=mandate.person_id,
            role=mandate.role,
            about=mandate.organisation.name,
        )
    members = Membership.objects.filter(person__is_active=True, project__status=Project.Status.ACTIVE)
    for member in members.select_related("project"):
        yield ReviewItem(
            review=review,
            kind=Kind.MEMBERSHIP,
            grant_id=member.pk,
            holder_id=member.person_id,
            role=member.role,
            about=member.project.title,
        )


def reviews_counted() -> QuerySet[Review]:
    """Every review, the latest first, with how many accesses it looks at and how many await a verdict."""
    pending = Q(items__verdict=Verdict.PENDING)
    counted = Review.objects.annotate(total=Count("items"), pending=Count("items", filter=pending))
    return counted.order_by("-opened_at")


def items_of(review: Review, *, verdict: str, kind: str, name: str) -> QuerySet[ReviewItem]:
    """The items of a review with this verdict and kind (blank: any), of people whose name holds the text."""
    items = ReviewItem.objects.filter(review=review).select_related("holder", "decided_by")
    chosen = {key: value for key, value in (("verdict", verdict), ("kind", kind)) if value}
    named = Q(holder__family_name__icontains=name) | Q(holder__given_name__icontains=name)
    return items.filter(named, **chosen) if name else items.filter(**chosen)


def counts_of(review: Review) -> dict[str, int]:
    """How many items have each verdict; one query."""
    return dict(review.items.order_by().values_list("verdict").annotate(Count("pk")))


def review_open() -> Review | None:
    """The review that is open now, if any."""
    return Review.objects.filter(state=Review.State.OPEN).first()


def others_hold(role: str, grant_id: int, today: date) -> bool:
    """Whether somebody holds this staff role today by another grant."""
    return StaffRole.objects.current(today).filter(role=role, person__is_active=True).exclude(pk=grant_id).exists()
