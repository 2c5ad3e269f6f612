"""Extract requests, their units and progress; the sealed keys of projects."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.extracts.rules import Status as RuleStatus


class ExtractRequest(models.Model):
    """One approved definition to be run, from its request to its delivery; a project has one for each that was
    approved.

    `removal_asked_at`, `removed_at`: what was delivered outlived the rights to it; its manifest stays.
    """

    class Status(models.TextChoices):
        REQUESTED = RuleStatus.REQUESTED, _("waiting for a worker")
        RUNNING = RuleStatus.RUNNING, _("being extracted")
        TO_RELEASE = RuleStatus.TO_RELEASE, _("waiting for a data steward")
        DELIVERED = RuleStatus.DELIVERED, _("delivered")
        NEEDS_HUMAN = RuleStatus.NEEDS_HUMAN, _("needs a person")
        CANCELLING = RuleStatus.CANCELLING, _("being cancelled")
        CANCELLED = RuleStatus.CANCELLED, _("cancelled")
        SUPERSEDED = RuleStatus.SUPERSEDED, _("replaced by the request of an amendment")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey("projects.Project", on_delete=models.PROTECT, related_name="extract_requests")
    definition_hash = models.CharField(max_length=64)
    status = models.CharField(max_length=12, choices=Status, default=Status.REQUESTED)
    stage = models.CharField(max_length=40, blank=True)
    units_done = models.PositiveIntegerField(default=0)
    units_total = models.PositiveIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    report = models.JSONField(default=dict)
    reason = models.TextField(blank=True)
    source_release = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=64, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    requested_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    removal_asked_at = models.DateTimeField(null=True)
    removed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="removed_extract_was_delivered",
                condition=Q(removal_asked_at=None, removed_at=None)
                | Q(removal_asked_at__isnull=False, status="delivered"),
            ),
            models.CheckConstraint(
                name="delivered_extract_has_a_manifest", condition=~Q(status="delivered") | ~Q(manifest_sha256="")
            ),
            models.UniqueConstraint(
                name="one_extract_under_way_a_project",
                fields=["project"],
                condition=~Q(status__in=["delivered", "superseded"]),
            ),
        ]

    def __str__(self) -> str:
        return f"extract {self.pk}"


class ExtractUnit(models.Model):
    """One unit of an extract and how far it is: waiting, taken by a lane, done.

    ``attempts`` counts how often a lane began it: more than once after a stop, or where two came to it at once.
    """

    request = models.ForeignKey(ExtractRequest, on_delete=models.CASCADE, related_name="units")
    position = models.PositiveIntegerField()
    name = models.CharField(max_length=120)
    kind = models.CharField(max_length=20)
    batch = models.CharField(max_length=120)
    lane = models.PositiveSmallIntegerField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    rows = models.PositiveBigIntegerField(default=0)
    bytes = models.PositiveBigIntegerField(default=0)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["request", "position"], name="extract_unit_has_a_place"),
        ]
        indexes = [
            models.Index(fields=["request", "position"], condition=Q(finished_at=None), name="extract_unit_to_do"),
        ]

    def __str__(self) -> str:
        return self.name


class SealedKey(models.Model):
    """The secret from which a project's key is derived, sealed by a wrapping key that only the key service has."""

    project = models.OneToOneField("projects.Project", on_delete=models.PROTECT, related_name="sealed_key")
    service = models.CharField(max_length=20, blank=True)
    key_id = models.CharField(max_length=64, blank=True)
    wrapping_key = models.CharField(max_length=100, blank=True)
    sealed = models.BinaryField(default=bytes)
    made_at = models.DateTimeField(auto_now_add=True)
    rotated_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="destroyed_key_is_empty", condition=Q(destroyed_at=None) | Q(sealed=b"", ended_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"key of project {self.project_id}"
