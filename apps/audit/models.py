"""Audit events: written in the transaction of the change they tell of, sealed soon after, never changed."""

from uuid import uuid4

from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.utils import timezone

from apps.audit import canonical
from apps.audit.canonical import Content
from apps.audit.standalone import verify_audit


class Event(models.Model):
    """Who did what to which object, and when. No personal data in clear: people and objects by opaque identifier.

    The table is append-only: triggers and the rights of the application's role refuse UPDATE, DELETE and TRUNCATE.
    `leaf` is the hash of the canonical bytes of all content fields. `uid` is random, so that a leaf shown in somebody
    else's proof tells nothing of the event. `personal` is encrypted with the key of `subject`. The database adds a
    column `xid`, the inserting transaction, which the sealer orders by (migration 0002).
    """

    at = models.DateTimeField(default=timezone.now)
    actor = models.CharField(max_length=64)
    action = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    dossier_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=12, blank=True)
    data = models.JSONField(default=dict)
    reading = models.BooleanField(default=False)
    subject = models.CharField(max_length=64, blank=True)
    personal = models.BinaryField(null=True)
    uid = models.UUIDField(default=uuid4)
    leaf = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["dossier_id", "id"], name="event_of_dossier"),
            models.Index(fields=["object_kind", "object_id", "id"], name="event_of_object"),
            models.Index(fields=["actor", "id"], name="event_of_actor"),
            models.Index(fields=["action", "id"], name="event_of_action"),
            BrinIndex(fields=["at"], name="event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind}:{self.object_id}"

    @property
    def content(self) -> bytes:
        """The canonical bytes that the leaf is the hash of."""
        return canonical.event_bytes(
            Content(
                action=self.action,
                actor=self.actor,
                at=canonical.utc_text(self.at),
                data=self.data,
                dossier_id=str(self.dossier_id) if self.dossier_id else None,
                object_id=self.object_id,
                object_kind=self.object_kind,
                personal=None if self.personal is None else bytes(self.personal),
                reading=self.reading,
                request_id=self.request_id,
                subject=self.subject,
                uid=str(self.uid),
            )
        )


class Seal(models.Model):
    """The immutable position of an event in the sealed log. Append-only, like the events."""

    position = models.BigIntegerField(primary_key=True)
    event_id = models.BigIntegerField(unique=True)

    def __str__(self) -> str:
        return f"{self.position}: event {self.event_id}"


class Checkpoint(models.Model):
    """A signed batch of positions, chained to the one before; published outside the database. Append-only."""

    sequence = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField(unique=True)
    root = models.CharField(max_length=64)
    previous = models.CharField(max_length=64)
    at = models.DateTimeField()
    key = models.CharField(max_length=64)
    mark_xid = models.BigIntegerField()
    mark_event = models.BigIntegerField()
    signature = models.BinaryField(max_length=64)

    def __str__(self) -> str:
        return f"checkpoint {self.sequence}"

    @property
    def signed_part(self) -> verify_audit.Checkpoint:
        """What the signature speaks of."""
        return verify_audit.Checkpoint(
            sequence=self.sequence,
            first=self.first,
            last=self.last,
            root=self.root,
            previous=self.previous,
            at=canonical.utc_text(self.at),
            key=self.key,
            mark_xid=self.mark_xid,
            mark_event=self.mark_event,
        )

    @property
    def signed(self) -> bytes:
        """The line that is published."""
        return self.signed_part.signed(bytes(self.signature))


class AuditSubject(models.Model):
    """Somebody of whom events hold personal fields, and the key of these fields: without it they are erased."""

    subject = models.CharField(primary_key=True, max_length=64)
    wrapped_key = models.BinaryField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    erased_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(wrapped_key=None, erased_at__isnull=False)
                | models.Q(wrapped_key__isnull=False, erased_at=None),
                name="audit_subject_key_or_erased",
            )
        ]

    def __str__(self) -> str:
        return self.subject


class Verdict(models.TextChoices):
    """What a verification of the log came to."""

    INTACT = "intact"
    TAMPERED = "tampered"
    UNCHECKED = "unchecked"


class Verification(models.Model):
    """A verification that was run, for the auditor's page; the truth is in running it again."""

    at = models.DateTimeField(default=timezone.now)
    since = models.BigIntegerField()
    until = models.BigIntegerField()
    events = models.BigIntegerField()
    milliseconds = models.BigIntegerField()
    verdict = models.CharField(max_length=10, choices=Verdict)
    detail = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=models.Q(verdict__in=Verdict.values), name="audit_verification_verdict_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.verdict} at {self.at:%Y-%m-%d %H:%M}"
