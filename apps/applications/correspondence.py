"""Messages about a dossier, and the notices by which people learn that something happened."""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL


class Message(models.Model):
    """A message on a dossier. `is_internal`: for staff alone. `key` makes a double click one message."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey("applications.Application", on_delete=models.CASCADE, related_name="messages")
    key = models.UUIDField(unique=True)
    author = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    by_staff = models.BooleanField()
    is_internal = models.BooleanField(default=False)
    text = models.TextField()
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="message_internal_is_of_staff", condition=Q(is_internal=False) | Q(by_staff=True)
            ),
            models.CheckConstraint(name="message_says_something", condition=~Q(text="")),
        ]
        indexes = [models.Index(fields=["application", "at"], name="message_of_dossier")]

    def __str__(self) -> str:
        return str(self.pk)


class Notice(models.Model):
    """What one person is told about one dossier. `kind` names its sentence; `data` what the sentence holds."""

    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="notices")
    application = models.ForeignKey("applications.Application", on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    data: Any = models.JSONField(default=dict)
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["person", "-at"], name="notice_of_person"),
            models.Index(fields=["person"], condition=Q(read_at=None), name="notice_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.pk}"


class NoticePreference(models.Model):
    """How often a person wants notices by e-mail; those of the portal itself always come."""

    class Mail(models.TextChoices):
        SOON = "soon", _("within minutes, grouped")
        DAILY = "daily", _("once a day, in the morning")
        NEVER = "never", _("never")

    person = models.OneToOneField(PERSON, on_delete=models.CASCADE, related_name="notice_preference")
    mail = models.CharField(max_length=8, choices=Mail, default=Mail.SOON)

    def __str__(self) -> str:
        return self.mail
