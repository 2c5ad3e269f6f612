"""The outbox: what remains to be done outside the transaction that decided it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class OutboxItem(models.Model):
    """One effect to bring about. Its key is unique: the effect happens effectively once, whoever rings how often."""

    class Status(models.TextChoices):
        PENDING = "pending", _("waiting or under way")
        DONE = "done", _("done")
        NEEDS_HUMAN = "needs_human", _("needs a person")

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=80)
    queue = models.CharField(max_length=20)
    subject_id = models.CharField(max_length=100)
    status = models.CharField(max_length=12, choices=Status, default=Status.PENDING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    lease_until = models.DateTimeField(null=True)
    rung_at = models.DateTimeField(null=True)
    fence = models.PositiveBigIntegerField(default=0)
    reason = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="outbox_item_finished_when_done", condition=~Q(status="done") | Q(finished_at__isnull=False)
            ),
        ]
        indexes = [
            models.Index(fields=["not_before"], condition=Q(status="pending"), name="outbox_item_due"),
            models.Index(fields=["created_at"], condition=Q(status="needs_human"), name="outbox_item_needs_human"),
        ]

    def __str__(self) -> str:
        return self.key
