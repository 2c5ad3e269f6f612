"""Invitations and what a person's accreditation rests on."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from apps.accounts.models import Language, MandateRole, Organisation
from apps.applications.models import Attachment, storage_key
from apps.people import rules

PERSON = settings.AUTH_USER_MODEL


class Invitation(models.Model):
    """A person asked to act for an organisation. Names and address are forgotten some time after it has ended.

    `generation` counts sendings asked for: the links of an earlier one no longer work. `mandate_ends_on` is the last
    day of the mandate that accepting gives.
    """

    class State(models.TextChoices):
        PENDING = rules.InvitationState.PENDING.value, _("awaiting an answer")
        ACCEPTED = rules.InvitationState.ACCEPTED.value, _("accepted")
        WITHDRAWN = rules.InvitationState.WITHDRAWN.value, _("withdrawn")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT, related_name="invitations")
    email = models.EmailField(blank=True)
    given_name = models.CharField(max_length=100, blank=True)
    family_name = models.CharField(max_length=100, blank=True)
    role = models.CharField(max_length=14, choices=MandateRole, default=MandateRole.MEMBER)
    mandate_ends_on = models.DateField(null=True)
    language = models.CharField(max_length=2, choices=Language, default=Language.FRENCH)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    generation = models.PositiveSmallIntegerField(default=1)
    invited_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)

    class Meta:
        ordering = ["-invited_at"]
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_lower_case"),
            models.CheckConstraint(condition=Q(role__in=MandateRole.values), name="invitation_role_known"),
            models.CheckConstraint(
                condition=Q(state="pending", ended_at=None, accepted_by=None)
                | Q(state="withdrawn", ended_at__isnull=False, accepted_by=None)
                | Q(state="accepted", ended_at__isnull=False, accepted_by__isnull=False),
                name="invitation_ends_as_its_state_says",
            ),
            models.CheckConstraint(
                condition=Q(accepted_by=None) | ~Q(accepted_by=F("invited_by")), name="invitation_never_own"
            ),
            models.UniqueConstraint(
                fields=["organisation", "email"], condition=Q(state="pending"), name="invitation_pending_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_expired(self) -> bool:
        """Whether its time has run out while it waited for an answer."""
        return self.state == self.State.PENDING and rules.is_expired(self.expires_at, timezone.now())


class InvitationLink(models.Model):
    """The hash of a secret that was sent to the invited address. A message sent twice leaves two, both good."""

    digest = models.CharField(primary_key=True, max_length=64)
    invitation = models.ForeignKey(Invitation, on_delete=models.CASCADE, related_name="links")
    generation = models.PositiveSmallIntegerField()

    def __str__(self) -> str:
        return f"link to {self.invitation_id}"


class TrainingCertificate(models.Model):
    """Proof that a person followed the training, kept as a file, and what a steward said of it.

    `expires_on` is the last day it counts. The bytes are kept, encrypted and scanned as a dossier's documents are;
    `size` is in bytes.
    """

    class State(models.TextChoices):
        PENDING = rules.CertificateState.PENDING.value, _("to be examined")
        ACCEPTED = rules.CertificateState.ACCEPTED.value, _("accepted")
        REFUSED = rules.CertificateState.REFUSED.value, _("refused")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="training_certificates")
    completed_on = models.DateField()
    expires_on = models.DateField()
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=32, unique=True, default=storage_key)
    sealed_key = models.BinaryField(default=bytes)
    scan = models.CharField(max_length=12, choices=Attachment.Scan, default=Attachment.Scan.PENDING)
    scan_detail = models.CharField(max_length=120, blank=True)
    added_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=10, choices=State, default=State.PENDING)
    examined_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    examined_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=500, blank=True)

    class Meta:
        ordering = ["-completed_on", "-added_at"]
        constraints = [
            models.CheckConstraint(condition=Q(expires_on__gte=F("completed_on")), name="training_dates_in_order"),
            models.CheckConstraint(condition=~Q(examined_by=F("person")), name="training_never_own"),
            models.CheckConstraint(
                condition=Q(state="pending", examined_at=None) | Q(~Q(state="pending"), examined_at__isnull=False),
                name="training_examined_has_date",
            ),
            models.CheckConstraint(condition=~Q(state="refused") | ~Q(reason=""), name="training_refusal_says_why"),
        ]
        indexes = [
            models.Index(fields=["person", "expires_on"], condition=Q(state="accepted"), name="training_in_force"),
            models.Index(fields=["added_at"], condition=Q(state="pending"), name="training_to_examine"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_open(self) -> bool:
        """Whether the file may be given to anybody: found clean, or on a development machine that scans nothing."""
        scan = Attachment.Scan
        return self.scan == scan.CLEAN or (self.scan == scan.NOT_SCANNED and settings.UNSCANNED_DOCUMENTS)


class ConditionsOfUse(models.Model):
    """One version of the conditions of use, in both languages. The greatest version whose day has come is in force."""

    version = models.PositiveIntegerField(primary_key=True)
    in_force_from = models.DateField()
    text_fr = models.TextField()
    text_en = models.TextField()
    published_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    published_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-version"]
        constraints = [
            models.CheckConstraint(condition=~Q(text_fr="") & ~Q(text_en=""), name="conditions_in_both_languages"),
        ]

    def __str__(self) -> str:
        return f"version {self.version}"


class ConditionsAcceptance(models.Model):
    """A person's word that they keep to one version, and the SHA-256 of the text they were shown."""

    person = models.ForeignKey(PERSON, on_delete=models.CASCADE, related_name="accepted_conditions")
    conditions = models.ForeignKey(ConditionsOfUse, on_delete=models.PROTECT, related_name="acceptances")
    text_sha256 = models.CharField(max_length=64)
    accepted_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "conditions"], name="conditions_accepted_once")]

    def __str__(self) -> str:
        return f"{self.conditions_id} by {self.person_id}"


class ProfessionalAddress(models.Model):
    """A person's professional e-mail address; `verified_at` once they followed a link that was sent to it."""

    person = models.OneToOneField(
        PERSON, on_delete=models.CASCADE, primary_key=True, related_name="professional_address"
    )
    email = models.EmailField()
    asked_at = models.DateTimeField(default=timezone.now)
    generation = models.PositiveIntegerField(default=1)
    verified_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"address of {self.person_id}"


class AddressLink(models.Model):
    """The hash of a secret that was sent to a professional address."""

    digest = models.CharField(primary_key=True, max_length=64)
    address = models.ForeignKey(ProfessionalAddress, on_delete=models.CASCADE, related_name="links")
    generation = models.PositiveIntegerField()
    expires_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"link to the address of {self.address_id}"


class ResearcherIdentifier(models.Model):
    """The ORCID iD a person declared, in groups of four; its check character is proven by rules.orcid_is_valid."""

    person = models.OneToOneField(PERSON, on_delete=models.CASCADE, primary_key=True, related_name="researcher_id")
    orcid = models.CharField(max_length=19)
    declared_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(orcid__regex=r"^[0-9]{4}-[0-9]{4}-[0-9]{4}-[0-9]{3}[0-9X]$"), name="orcid_shape"
            ),
        ]

    def __str__(self) -> str:
        return f"ORCID of {self.person_id}"
