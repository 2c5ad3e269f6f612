"""The agreement as rows: parties, versions with their exact document, signatures.

Triggers (migration 0002) bind a signature to the document of the present version and to a mandate that holds, let one
person sign for one party, and refuse any later change of a document or of a signature but its end.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from apps.agreements import rules

PERSON = settings.AUTH_USER_MODEL


class Agreement(models.Model):
    """The agreement of one approved dossier. `version` counts its changes (compare-and-swap)."""

    class Status(models.TextChoices):
        PREPARING = rules.Status.PREPARING.value, _("document being made")
        SIGNING = rules.Status.SIGNING.value, _("signatures awaited")
        DECLINED = rules.Status.DECLINED.value, _("declined by a party")
        SIGNED = rules.Status.SIGNED.value, _("signed by every party")
        ENDED = rules.Status.ENDED.value, _("ended")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.OneToOneField("applications.Application", on_delete=models.PROTECT, related_name="agreement")
    status = models.CharField(max_length=10, choices=Status, default=Status.PREPARING)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField()
    signed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="agreement_status_known", condition=Q(status__in=[status.value for status in rules.Status])
            ),
            models.CheckConstraint(
                name="agreement_signed_has_date",
                condition=Q(status="signed", signed_at__isnull=False) | (~Q(status="signed") & Q(signed_at=None)),
            ),
        ]

    def __str__(self) -> str:
        return f"agreement of {self.application_id}"

    @property
    def state(self) -> rules.Status:
        """The status as the rules know it."""
        return rules.Status(self.status)


class Party(models.Model):
    """An organisation that signs, and as what."""

    class Kind(models.TextChoices):
        CONTROLLER = rules.PartyKind.CONTROLLER.value, _("data controller")
        IMPLEMENTER = rules.PartyKind.IMPLEMENTER.value, _("implementing body")
        PLATFORM = rules.PartyKind.PLATFORM.value, _("Health Data Hub")

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="parties")
    kind = models.CharField(max_length=12, choices=Kind)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(name="party_organisation_once", fields=["agreement", "organisation"]),
            models.UniqueConstraint(
                name="party_one_controller_one_platform",
                fields=["agreement", "kind"],
                condition=Q(kind__in=["controller", "platform"]),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.agreement_id}"


class Version(models.Model):
    """One state of the agreement: what it says (`content`), and the very document that is signed, once it is made."""

    agreement = models.ForeignKey(Agreement, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveSmallIntegerField()
    content: Any = models.JSONField()
    content_hash = models.CharField(max_length=64)
    clauses = models.TextField(blank=True)
    reason = models.TextField(blank=True)
    made_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    document = models.BinaryField(null=True)
    document_hash = models.CharField(max_length=64, blank=True)
    superseded_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="version_number_once", fields=["agreement", "number"]),
            models.UniqueConstraint(
                name="version_one_present", fields=["agreement"], condition=Q(superseded_at__isnull=True)
            ),
            models.CheckConstraint(
                name="version_document_has_hash",
                condition=Q(document__isnull=True, document_hash="")
                | (Q(document__isnull=False) & ~Q(document_hash="")),
            ),
        ]

    def __str__(self) -> str:
        return f"version {self.number} of {self.agreement_id}"


class Signature(models.Model):
    """A party's signature of one document. `record` says who, when, what, by which mandate; `record_hash` seals it."""

    class Void(models.TextChoices):
        REVISED = "revised", _("the agreement changed")
        ENDED = "ended", _("the dossier left this stage")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    document_version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="signatures")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="signatures")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="signatures")
    mandate = models.ForeignKey("accounts.Mandate", on_delete=models.PROTECT, related_name="+")
    document_hash = models.CharField(max_length=64)
    record: Any = models.JSONField()
    record_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=10, choices=Void, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="signature_once_a_party", fields=["document_version", "party"], condition=Q(voided_at=None)
            ),
            models.UniqueConstraint(
                name="signature_one_party_a_person", fields=["document_version", "person"], condition=Q(voided_at=None)
            ),
            models.CheckConstraint(
                name="signature_void_has_reason",
                condition=Q(voided_at=None, void_reason="") | (Q(voided_at__isnull=False) & ~Q(void_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.document_version_id}"


class Refusal(models.Model):
    """A party will not sign this document, and says why."""

    document_version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="refusals")
    party = models.ForeignKey(Party, on_delete=models.PROTECT, related_name="refusals")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    reason = models.TextField()
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="refusal_to_sign_says_why", condition=~Q(reason=""))]

    def __str__(self) -> str:
        return f"{self.party_id} on {self.document_version_id}"
