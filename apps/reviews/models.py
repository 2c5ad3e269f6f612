"""Reviews and their items: one for each grant that held when the review was opened."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import MandateRole, StaffRoleName
from apps.projects.models import Membership
from apps.reviews import rules

PERSON = settings.AUTH_USER_MODEL


class Review(models.Model):
    """A review of every access; one is open at a time. At `closes_at`, what nobody confirmed lapses."""

    class State(models.TextChoices):
        OPEN = rules.ReviewState.OPEN.value, _("open")
        CLOSED = rules.ReviewState.CLOSED.value, _("closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    opened_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    closes_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)

    class Meta:
        ordering = ["-opened_at"]
        constraints = [
            models.UniqueConstraint(fields=["state"], condition=Q(state="open"), name="review_one_open"),
            models.CheckConstraint(
                condition=Q(state="open", closed_at=None) | Q(state="closed", closed_at__isnull=False),
                name="review_closed_has_date",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class ReviewItem(models.Model):
    """One grant, by its kind and identifier, whose it is, and the verdict. `about`: the project or organisation.

    A trigger refuses any change of a verdict once given.
    """

    class Kind(models.TextChoices):
        STAFF_ROLE = rules.Kind.STAFF_ROLE.value, _("role on the platform")
        MANDATE = rules.Kind.MANDATE.value, _("mandate")
        MEMBERSHIP = rules.Kind.MEMBERSHIP.value, _("membership of a project")

    class Verdict(models.TextChoices):
        PENDING = rules.Verdict.PENDING.value, _("to be confirmed")
        CONFIRMED = rules.Verdict.CONFIRMED.value, _("confirmed")
        WITHDRAWN = rules.Verdict.WITHDRAWN.value, _("withdrawn")
        LAPSED = rules.Verdict.LAPSED.value, _("lapsed: nobody confirmed it")
        GONE = rules.Verdict.GONE.value, _("had ended meanwhile")
        KEPT = rules.Verdict.KEPT.value, _("kept: the last one of this role")

    review = models.ForeignKey(Review, on_delete=models.PROTECT, related_name="items")
    kind = models.CharField(max_length=10, choices=Kind)
    grant_id = models.PositiveBigIntegerField()
    holder = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=24)
    about = models.CharField(max_length=300, blank=True)
    verdict = models.CharField(max_length=9, choices=Verdict, default=Verdict.PENDING)
    decided_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["holder__family_name", "holder__given_name", "kind", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["review", "kind", "grant_id"], name="review_item_once"),
            models.CheckConstraint(condition=~Q(decided_by=F("holder")), name="review_item_never_own"),
            models.CheckConstraint(
                condition=Q(verdict="pending", decided_at=None) | Q(~Q(verdict="pending"), decided_at__isnull=False),
                name="review_item_decided_has_date",
            ),
            models.CheckConstraint(
                condition=~Q(verdict="withdrawn") | ~Q(reason=""), name="review_withdrawal_says_why"
            ),
        ]
        indexes = [models.Index(fields=["review"], condition=Q(verdict="pending"), name="review_item_pending")]

    def __str__(self) -> str:
        return f"{self.kind} {self.grant_id}"

    @property
    def role_label(self) -> str:
        """As what, in words."""
        return str(_ROLE_LABELS.get(self.role, self.role))


_ROLE_LABELS = dict([*StaffRoleName.choices, *MandateRole.choices, *Membership.Role.choices])
