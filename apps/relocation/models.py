"""What came here from the previous platform: the mapping of identifiers, the data being copied, runs and reports."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.relocation import rules


class RelocationKind(models.TextChoices):
    ORGANISATION = rules.Kind.ORGANISATION, _("organisations")
    PERSON = rules.Kind.PERSON, _("people")
    ENTITLEMENT = rules.Kind.ENTITLEMENT, _("entitlements")
    PROJECT = rules.Kind.PROJECT, _("projects")
    WORKSPACE = rules.Kind.WORKSPACE, _("workspaces")


class RelocationRun(models.Model):
    """An import or a dry run of one: the manifest it read, and what became of each record.

    `lines` holds kind, old identifier, verdict and reasons (codes with parameters) of what was refused or differs;
    `counts` the number of each verdict by kind.
    """

    manifest_sha256 = models.CharField(max_length=64)
    platform = models.CharField(max_length=200)
    exported_at = models.CharField(max_length=200)
    is_dry = models.BooleanField()
    counts = models.JSONField(default=dict)
    lines = models.JSONField(default=list)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    begun_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["-begun_at"]

    def __str__(self) -> str:
        return f"run {self.pk}"


class Relocated(models.Model):
    """A thing of the previous platform and what it is here: what makes an import repeatable. `digest` is the record's.

    `adopted`: it was here before, under the same SIREN or address.
    """

    kind = models.CharField(max_length=12, choices=RelocationKind)
    old_id = models.CharField(max_length=100)
    new_id = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)
    adopted = models.BooleanField(default=False)
    relocated_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["kind", "old_id"], name="relocated_once")]

    def __str__(self) -> str:
        return f"{self.kind} {self.old_id}"


class Store(models.Model):
    """Where a workspace's data lies on the previous platform. `listed_at`: when it was last compared with the copy."""

    workspace = models.OneToOneField("workspaces.Workspace", on_delete=models.PROTECT, related_name="relocated_from")
    container = models.CharField(max_length=63)
    prefix = models.CharField(max_length=500, blank=True)
    listed_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.container}/{self.prefix}"


class StoredObject(models.Model):
    """An object at the source and its copy here. `etag` is the source's at the version that is copied; `sha256` that of
    the copy as it was read back; `gone_at`: when the source was first seen without it."""

    class Status(models.TextChoices):
        WAITING = "waiting", _("to be copied")
        COPYING = "copying", _("being copied")
        VERIFIED = "verified", _("copied, checked at both ends")
        DIFFERS = "differs", _("needs another pass")

    store = models.ForeignKey(Store, on_delete=models.PROTECT, related_name="objects_here")
    name = models.CharField(max_length=1024)
    size = models.PositiveBigIntegerField()
    etag = models.CharField(max_length=100)
    status = models.CharField(max_length=8, choices=Status, default=Status.WAITING)
    reason = models.CharField(max_length=300, blank=True)
    upload_id = models.CharField(max_length=200, blank=True)
    sha256 = models.CharField(max_length=64, blank=True)
    verified_at = models.DateTimeField(null=True)
    gone_at = models.DateTimeField(null=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["store", "name"], name="stored_object_once")]
        indexes = [models.Index(fields=["store", "status"], name="stored_object_by_status")]

    def __str__(self) -> str:
        return f"object {self.pk}"


class StoredBlock(models.Model):
    """A block of an object that arrived: its SHA-256 as read from the source, the part's ETag at the destination."""

    stored = models.ForeignKey(StoredObject, on_delete=models.CASCADE, related_name="blocks")
    number = models.PositiveSmallIntegerField()
    sha256 = models.CharField(max_length=64)
    etag = models.CharField(max_length=100, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["stored", "number"], name="stored_block_once")]

    def __str__(self) -> str:
        return f"block {self.number} of {self.stored_id}"


class RelocationReport(models.Model):
    """What was moved, signed with the key of the audit log. Never changed: a later one stands beside it."""

    content = models.JSONField()
    signature = models.TextField()
    key_fingerprint = models.CharField(max_length=64)
    made_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-made_at"]

    def __str__(self) -> str:
        return f"report {self.pk}"
