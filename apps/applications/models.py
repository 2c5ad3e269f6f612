"""The dossier as rows: its pages, documents, team, submissions and decisions."""

import uuid
from typing import Any

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

from apps.applications import rules
from apps.applications.correspondence import Message, Notice, NoticePreference
from apps.applications.form_spec import Specification
from apps.applications.pages import current_version, specification
from apps.applications.procedure_models import ChecklistMark, DecisionRecord, Exclusion, Obligation, StageClock

__all__ = [
    "ChecklistMark",
    "DecisionRecord",
    "Exclusion",
    "Message",
    "Notice",
    "NoticePreference",
    "Obligation",
    "StageClock",
]

PERSON = settings.AUTH_USER_MODEL
# Neither committee nor authority: what every dossier was before there were paths.
SHORTEST_PATH = "permanent_access"
# The kind of document that is beside a dossier and no part of it.
AUTHORITY = "authority_decision"


class NumberSeries(models.Model):
    """The last number given in a year. Its row is locked while the next one is taken."""

    year = models.PositiveSmallIntegerField(primary_key=True)
    last = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.year}: {self.last}"


class Application(models.Model):
    """A dossier. `version` counts changes of state (compare-and-swap); `round` counts submissions.

    `title` repeats the page "title" for lists. `content_hash` and `definition_hash` are those of the last submission.
    `path` is a key of the rules (policy), `policy_version` the version it was first submitted under, blank before;
    `stages_done` are the stages whose outcome stands; `due_on` is the last day of the delay that runs. `search_text` is
    what searches look in; `queue_rank` puts first what awaits a steward.

    An amendment or a renewal `amends` the dossier that was approved first, whose project it changes; `judged` is a
    steward's own answer to whether it is substantial. `project_ended_on`: its project is over, nothing more is amended.
    """

    class Kind(models.TextChoices):
        INITIAL = "initial", _("application")
        AMENDMENT = "amendment", _("amendment")
        RENEWAL = "renewal", _("renewal")

    class Status(models.TextChoices):
        DRAFT = rules.Status.DRAFT.value, _("draft")
        SUBMITTED = rules.Status.SUBMITTED.value, _("submitted")
        RETURNED = rules.Status.RETURNED.value, _("returned")
        COMMITTEE = rules.Status.COMMITTEE.value, _("before the committee")
        CHOICE = rules.Status.CHOICE.value, _("opinion given")
        COMMITMENT = rules.Status.COMMITMENT.value, _("commitment awaited")
        CNIL = rules.Status.CNIL.value, _("before CNIL")
        DECISION = rules.Status.DECISION.value, _("to be decided")
        AGREEMENT = rules.Status.AGREEMENT.value, _("signatures awaited")
        APPROVED = rules.Status.APPROVED.value, _("approved")
        REFUSED = rules.Status.REFUSED.value, _("refused")
        WITHDRAWN = rules.Status.WITHDRAWN.value, _("withdrawn")
        DISCONTINUED = rules.Status.DISCONTINUED.value, _("closed without action")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    number = models.CharField(max_length=20, unique=True)
    creation_key = models.UUIDField(unique=True, default=uuid.uuid4)
    status = models.CharField(max_length=12, choices=Status, default=Status.DRAFT)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=10, choices=Kind, default=Kind.INITIAL)
    amends = models.ForeignKey("self", on_delete=models.PROTECT, related_name="amendments", null=True)
    judged = models.BooleanField(null=True)
    judged_because = models.TextField(blank=True)
    project_ended_on = models.DateField(null=True)
    round = models.PositiveSmallIntegerField(default=0)
    spec_version = models.PositiveSmallIntegerField(default=current_version)
    path = models.CharField(max_length=40, default=SHORTEST_PATH)
    policy_version = models.CharField(max_length=20, blank=True)
    stages_done: Any = models.JSONField(default=list)
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="applications")
    created_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="applications_created")
    title = models.CharField(max_length=200, blank=True)
    content_hash = models.CharField(max_length=64, blank=True)
    definition_hash = models.CharField(max_length=64, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    due_on = models.DateField(null=True)
    assigned_to = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    search_text = models.TextField(blank=True)
    queue_rank = models.PositiveSmallIntegerField(default=rules.queue_rank(rules.Status.DRAFT))
    changed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    changed_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="application_status_known", condition=Q(status__in=[status.value for status in rules.Status])
            ),
            models.CheckConstraint(
                name="application_amends_by_kind",
                condition=Q(kind="initial", amends=None) | (~Q(kind="initial") & Q(amends__isnull=False)),
            ),
            models.UniqueConstraint(
                name="application_one_amendment_under_way",
                fields=["amends"],
                condition=~Q(status__in=sorted(status.value for status in rules.FINAL)),
            ),
            models.CheckConstraint(
                name="application_submitted_has_date",
                condition=Q(status__in=["draft", "withdrawn"]) | Q(submitted_at__isnull=False, round__gte=1),
            ),
            models.CheckConstraint(
                name="application_decided_has_date",
                condition=~Q(status__in=["agreement", "approved", "refused"]) | Q(decided_at__isnull=False),
            ),
            models.CheckConstraint(
                name="application_approved_has_hashes",
                condition=~Q(status__in=["agreement", "approved"])
                | (~Q(content_hash="") & ~Q(definition_hash="") & ~Q(policy_version="")),
            ),
        ]
        indexes = [
            models.Index(
                fields=["queue_rank", "due_on", "submitted_at", "id"],
                condition=Q(round__gte=1),
                name="application_queue",
            ),
            models.Index(
                fields=["status", "due_on", "submitted_at", "id"],
                condition=Q(round__gte=1),
                name="application_by_status",
            ),
            GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="application_search"),
        ]

    def __str__(self) -> str:
        return self.number

    @property
    def state(self) -> rules.Status:
        """The status as the rules know it."""
        return rules.Status(self.status)

    @property
    def specification(self) -> Specification:
        """The form this dossier was started with."""
        return specification(self.spec_version)


class ApplicationUserObjectPermission(UserObjectPermissionBase):
    """Who was granted a permission on a dossier (direct foreign key: one join, no generic relation)."""

    content_object = models.ForeignKey(Application, on_delete=models.CASCADE)


class Page(models.Model):
    """What was typed on one page, invalid values included. `version` is compared at each save."""

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="pages")
    key = models.CharField(max_length=40)
    content = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    updated_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="page_once", fields=["application", "key"])]

    def __str__(self) -> str:
        return self.key


def storage_key() -> str:
    """A random name for a stored file: it tells nothing and cannot be guessed."""
    return uuid.uuid4().hex


class Attachment(models.Model):
    """A document of the dossier. The bytes are under MEDIA_DIR, outside the web root, under `storage_key`, encrypted.

    `kind` is a field of the page "attachments"; `size` is in bytes; `sealed_key` opens the file and is forgotten with
    it. `replaces` is the version before. A removed or redacted one keeps its trace: when, by whom, why.
    """

    class Scan(models.TextChoices):
        PENDING = "pending", _("virus scan under way")
        CLEAN = "clean", _("no virus found")
        INFECTED = "infected", _("virus found")
        UNSCANNABLE = "unscannable", _("could not be scanned")
        NOT_SCANNED = "not_scanned", _("not scanned")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="attachments")
    kind = models.CharField(max_length=40)
    name = models.CharField(max_length=150)
    media_type = models.CharField(max_length=100)
    size = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    storage_key = models.CharField(max_length=32, unique=True, default=storage_key)
    sealed_key = models.BinaryField(default=bytes)
    version = models.PositiveSmallIntegerField(default=1)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, related_name="replaced_by")
    scan = models.CharField(max_length=12, choices=Scan, default=Scan.PENDING)
    scan_detail = models.CharField(max_length=120, blank=True)
    scanned_at = models.DateTimeField(null=True)
    uploaded_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(auto_now_add=True)
    removed_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    removed_at = models.DateTimeField(null=True)
    redacted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    redacted_at = models.DateTimeField(null=True)
    redaction_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="attachment_removed_by_someone",
                condition=Q(removed_by__isnull=True, removed_at__isnull=True)
                | Q(removed_by__isnull=False, removed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="attachment_redacted_for_good",
                condition=Q(redacted_by__isnull=True, redacted_at__isnull=True)
                | (
                    Q(redacted_by__isnull=False, redacted_at__isnull=False, name="", sealed_key=b"")
                    & ~Q(redaction_reason="")
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.pk}"

    @property
    def is_open(self) -> bool:
        """Whether the file may be given to anybody: found clean, or on a development machine that scans nothing."""
        if self.redacted_at:
            return False
        return self.scan == self.Scan.CLEAN or (self.scan == self.Scan.NOT_SCANNED and settings.UNSCANNED_DOCUMENTS)


class Member(models.Model):
    """A person of the team."""

    class Role(models.TextChoices):
        PRINCIPAL_INVESTIGATOR = "principal_investigator", _("principal investigator")
        MEMBER = "member", _("team member")

    application = models.ForeignKey(Application, on_delete=models.CASCADE, related_name="members")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="application_memberships")
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    role = models.CharField(max_length=24, choices=Role, default=Role.MEMBER)
    added_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="member_once", fields=["application", "person"]),
            models.UniqueConstraint(
                name="member_one_investigator", fields=["application"], condition=Q(role="principal_investigator")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.role}:{self.person_id}"


class Submission(models.Model):
    """What was submitted in a round: pages, documents and team as they were, and the hashes a decision binds to."""

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="submissions")
    round = models.PositiveSmallIntegerField()
    content: Any = models.JSONField()
    content_hash = models.CharField(max_length=64)
    definition_hash = models.CharField(max_length=64)
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="submission_once_a_round", fields=["application", "round"])]

    def __str__(self) -> str:
        return f"{self.application_id} round {self.round}"


class Decision(models.Model):
    """A steward's answer to one submission. A trigger refuses a decider of the team and any later change."""

    class Outcome(models.TextChoices):
        RETURNED = rules.Status.RETURNED.value, _("returned")
        APPROVED = rules.Status.APPROVED.value, _("approved")
        REFUSED = rules.Status.REFUSED.value, _("refused")

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="decisions")
    round = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    content_hash = models.CharField(max_length=64)
    definition_hash = models.CharField(max_length=64)
    comment = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="decision_once_a_round", fields=["application", "round"]),
            models.UniqueConstraint(
                name="decision_ends_once", fields=["application"], condition=~Q(outcome="returned")
            ),
            models.CheckConstraint(name="decision_refusal_says_why", condition=~Q(outcome="refused") | ~Q(comment="")),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} round {self.round}: {self.outcome}"


class ReturnReason(models.Model):
    """Why a page, or one `field` of it, was returned: only the pages of the last return open before the next
    submission. No field: the page as a whole.
    """

    decision = models.ForeignKey(Decision, on_delete=models.PROTECT, related_name="reasons")
    page = models.CharField(max_length=40)
    field = models.CharField(max_length=40, blank=True)
    text = models.TextField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="return_reason_once_a_field", fields=["decision", "page", "field"]),
            models.CheckConstraint(name="return_reason_says_why", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.page} of {self.decision_id}"


class StageOutcome(models.Model):
    """How a stage of a round ended. Append-only.

    `express` is None where the difference has no meaning, False for an outcome by silence. `reference` and `decided_on`
    are those of the committee's session, of the authority's decision or of the commitment.
    """

    application = models.ForeignKey(Application, on_delete=models.PROTECT, related_name="outcomes")
    round = models.PositiveSmallIntegerField()
    stage = models.CharField(max_length=20)
    outcome = models.CharField(max_length=40)
    express = models.BooleanField(null=True)
    reference = models.CharField(max_length=80, blank=True)
    decided_on = models.DateField(null=True)
    comment = models.TextField(blank=True)
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="stage_outcome_known",
                condition=Q(outcome__in=[outcome.value for outcome in rules.Outcome]),
            ),
            models.CheckConstraint(
                name="stage_opinion_is_express_or_tacit",
                condition=~Q(stage="committee")
                | ~Q(outcome__in=["favourable", "favourable_with_recommendations"])
                | Q(express__isnull=False),
            ),
        ]
        indexes = [models.Index(fields=["application", "stage", "-id"], name="stage_outcome_latest")]

    def __str__(self) -> str:
        return f"{self.stage}: {self.outcome}"
