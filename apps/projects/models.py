"""What an approval grants: a project, its members, and the entitlement to data."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase


class Project(models.Model):
    """The team's space on the platform, born of one approved dossier.

    `entitlement` is the one that holds now; an amendment ends it and begins another. A project that is over says when,
    how (`ending`) and, in the public's words, what became of it.
    """

    class Status(models.TextChoices):
        ACTIVE = "active", _("active")
        SUSPENDED = "suspended", _("suspended")
        CLOSED = "closed", _("closed")
        REVOKED = "revoked", _("access withdrawn")

    class Ending(models.TextChoices):
        COMPLETED = "completed", _("completed as planned")
        STOPPED = "stopped", _("stopped before its end")
        REVOKED = "revoked", _("access withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.OneToOneField("applications.Application", on_delete=models.PROTECT, related_name="project")
    title = models.CharField(max_length=300)
    status = models.CharField(max_length=10, choices=Status, default=Status.ACTIVE)
    starts_on = models.DateField()
    ends_on = models.DateField()
    entitlement = models.OneToOneField("projects.Entitlement", on_delete=models.PROTECT, related_name="+")
    ended_on = models.DateField(null=True)
    ending = models.CharField(max_length=10, choices=Ending, blank=True)
    ending_told = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(name="project_ends_after_start", condition=Q(ends_on__gte=F("starts_on"))),
            models.CheckConstraint(
                name="project_ended_says_how",
                condition=Q(ended_on=None, ending="") | (Q(ended_on__isnull=False) & ~Q(ending="")),
            ),
        ]

    def __str__(self) -> str:
        return self.title


class ProjectUserObjectPermission(UserObjectPermissionBase):
    """Guardian's grants on projects, in a table of their own (direct foreign key: one join)."""

    content_object = models.ForeignKey(Project, on_delete=models.CASCADE)


class Membership(models.Model):
    """A person of a project's team, and as what."""

    class Role(models.TextChoices):
        PRINCIPAL_INVESTIGATOR = "principal_investigator", _("principal investigator")
        MEMBER = "member", _("member")

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="memberships")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=24, choices=Role)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["project", "person"], name="one_membership_per_person"),
            models.UniqueConstraint(
                fields=["project"], condition=Q(role="principal_investigator"), name="one_principal_investigator"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role} of {self.project_id}"


class Entitlement(models.Model):
    """Which data a project may have: the definition approved with `application`, by its hash, between two dates.

    `ended_at`: an amendment put another in its place.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="entitlements")
    application = models.OneToOneField("applications.Application", on_delete=models.PROTECT, related_name="entitlement")
    definition = models.JSONField()
    definition_hash = models.CharField(max_length=64)
    starts_on = models.DateField()
    ends_on = models.DateField()
    granted_by = models.CharField(max_length=64)
    granted_at = models.DateTimeField(auto_now_add=True)
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="entitlement_ends_after_start", condition=Q(ends_on__gte=F("starts_on"))),
            models.UniqueConstraint(
                name="entitlement_one_at_a_time", fields=["project"], condition=Q(ended_at__isnull=True)
            ),
        ]

    def __str__(self) -> str:
        return f"entitlement of {self.project_id}"
