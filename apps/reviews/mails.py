"""What stewards are told about reviews."""

from apps.accounts.models import Person
from apps.core.mail import Mail, composes, portal_link
from apps.core.rules import Role
from apps.reviews.models import ReviewItem
from apps.reviews.selectors import review_open
from apps.reviews.services import KIND


@composes(KIND)
def review_waits(person_id: str) -> Mail | None:
    """That accesses await a verdict; nothing when none does, or when the reader is no steward any more."""
    review, person = review_open(), Person.objects.get(pk=person_id)
    if review is None or not person.is_active or Role.STEWARD not in person.staff_roles:
        return None
    waiting = review.items.filter(verdict=ReviewItem.Verdict.PENDING).exclude(holder=person).count()
    if not waiting:
        return None
    context = {"person": person, "review": review, "n": waiting, "link": portal_link("reviews:review", review.pk)}
    return Mail(person.email, person.language, "reviews/mail/waits.txt", context)
