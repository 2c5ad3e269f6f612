"""Recovering an account: what was asked and approved, and the secrets that were sent by e-mail."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from apps.accounts.rules import RECOVERY_ACTIVE
from apps.accounts.rules import RecoveryStatus as Status


class AccountRecovery(models.Model):
    """A person's demand to enter again without their factors, vouched for by two stewards, after a delay.

    A trigger holds the database to it: two different stewards, neither of them the person, the delay gone by.
    """

    class Status(models.TextChoices):
        ASKED = Status.ASKED, _("waits for a steward")
        VOUCHED = Status.VOUCHED, _("waits for a second steward")
        WAITING = Status.WAITING, _("approved: the delay runs")
        OPEN = Status.OPEN, _("link sent")
        DONE = Status.DONE, _("done")
        CANCELLED = Status.CANCELLED, _("cancelled by the person")
        REFUSED = Status.REFUSED, _("refused")
        EXPIRED = Status.EXPIRED, _("expired")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="recoveries")
    status = models.CharField(max_length=10, choices=Status, default=Status.ASKED)
    asked_at = models.DateTimeField()
    first_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    first_at = models.DateTimeField(null=True)
    first_note = models.CharField(max_length=500, blank=True)
    second_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    second_at = models.DateTimeField(null=True)
    second_note = models.CharField(max_length=500, blank=True)
    due_at = models.DateTimeField(null=True)
    opened_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person"],
                condition=Q(status__in=sorted(RECOVERY_ACTIVE)),
                name="one_recovery_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(first_by=F("second_by")), name="recovery_two_stewards"),
            models.CheckConstraint(
                condition=~Q(first_by=F("person")) & ~Q(second_by=F("person")), name="recovery_never_own"
            ),
        ]

    def __str__(self) -> str:
        return f"recovery {self.pk}"


class MailedSecret(models.Model):
    """A secret sent to a person by e-mail, by its digest, for one purpose: spent once, worth nothing afterwards."""

    class Purpose(models.TextChoices):
        RESET = "reset"
        CANCEL = "cancel"
        FINISH = "finish"

    digest = models.CharField(primary_key=True, max_length=64)
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    recovery = models.ForeignKey(AccountRecovery, on_delete=models.CASCADE, null=True, related_name="secrets")
    purpose = models.CharField(max_length=10, choices=Purpose)
    expires_at = models.DateTimeField(db_index=True)
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.purpose} of {self.person_id}"
