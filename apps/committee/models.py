"""The committee as rows: sessions, files, ballots, interests, opinions.

Triggers (migration 0002) keep whoever has an interest in a file from being asked, answering or recording, bind answers
to the exact content, and refuse any later change of what was answered, declared or recorded.
"""

import uuid
from typing import Any

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.formats import time_format
from django.utils.translation import gettext_lazy as _

from apps.committee import rules
from apps.core.dates import in_words

PERSON = settings.AUTH_USER_MODEL


class OutcomeName(models.TextChoices):
    FAVOURABLE = rules.Outcome.FAVOURABLE.value, _("favourable")
    WITH_RECOMMENDATIONS = rules.Outcome.WITH_RECOMMENDATIONS.value, _("favourable with recommendations")
    RESERVED = rules.Outcome.RESERVED.value, _("reserved")
    UNFAVOURABLE = rules.Outcome.UNFAVOURABLE.value, _("unfavourable")
    ADJOURNED = rules.Outcome.ADJOURNED.value, _("adjourned")


class Topic(models.TextChoices):
    """What a recommendation is about."""

    METHOD = "method", _("method")
    MINIMISATION = "minimisation", _("data asked for, minimisation")
    INFORMATION = "information", _("information of the people concerned")
    ETHICS = "ethics", _("ethics, public interest")
    SECURITY = "security", _("security, conservation")
    TRANSPARENCY = "transparency", _("transparency, publication")
    OTHER = "other", _("other")


class Nature(models.TextChoices):
    """What links a person to a file or to an organisation."""

    EMPLOYMENT = "employment", _("employment or management")
    FINANCIAL = "financial", _("financial interest, remuneration")
    SCIENTIFIC = "scientific", _("scientific collaboration, expertise")
    FAMILY = "family", _("family or close relation")
    OTHER = "other", _("other link")


class Session(models.Model):
    """A meeting of the committee. `version` counts its changes (compare-and-swap); the chair breaks ties."""

    class Status(models.TextChoices):
        PLANNED = rules.SessionStatus.PLANNED.value, _("planned")
        OPEN = rules.SessionStatus.OPEN.value, _("open")
        CLOSED = rules.SessionStatus.CLOSED.value, _("held")
        CANCELLED = rules.SessionStatus.CANCELLED.value, _("cancelled")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    held_on = models.DateField()
    starts_at = models.TimeField()
    place = models.CharField(max_length=200)
    status = models.CharField(max_length=10, choices=Status, default=Status.PLANNED)
    version = models.PositiveIntegerField(default=1)
    chair = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    notes = models.TextField(blank=True)
    created_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["-held_on", "id"], name="committee_sessions")]
        constraints = [
            models.CheckConstraint(
                name="session_status_known", condition=Q(status__in=[status.value for status in rules.SessionStatus])
            ),
            models.CheckConstraint(
                name="session_open_has_chair",
                condition=~Q(status__in=["open", "closed"]) | Q(chair__isnull=False, opened_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{in_words(self.held_on)}, {time_format(self.starts_at)} — {self.place}"


class Attendance(models.Model):
    """A member who is present in a session."""

    session = models.ForeignKey(Session, on_delete=models.CASCADE, related_name="attendances")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(name="attendance_once", fields=["session", "person"])]

    def __str__(self) -> str:
        return f"{self.person_id} in {self.session_id}"


class File(models.Model):
    """One submission of a dossier before the committee: what every ballot on it is bound to is `content_hash`.

    A dossier that comes back changed, or after an adjournment, is another file.
    """

    class Stage(models.TextChoices):
        WAITING = rules.Stage.WAITING.value, _("waiting for a session")
        SCHEDULED = rules.Stage.SCHEDULED.value, _("on the agenda")
        VOTING = rules.Stage.VOTING.value, _("being voted on")
        COUNTED = rules.Stage.COUNTED.value, _("vote closed")
        DECIDED = rules.Stage.DECIDED.value, _("opinion given")
        ENDED = rules.Stage.ENDED.value, _("left the committee")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(
        "applications.Application", on_delete=models.PROTECT, related_name="committee_files"
    )
    round = models.PositiveSmallIntegerField()
    content_hash = models.CharField(max_length=64)
    stage = models.CharField(max_length=10, choices=Stage, default=Stage.WAITING)
    version = models.PositiveIntegerField(default=1)
    session = models.ForeignKey(Session, on_delete=models.PROTECT, related_name="files", null=True)
    position = models.PositiveSmallIntegerField(default=0)
    came_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=30, blank=True)

    class Meta:
        indexes = [models.Index(fields=["stage", "came_at", "id"], name="committee_files")]
        constraints = [
            models.UniqueConstraint(
                name="file_one_open_a_dossier",
                fields=["application"],
                condition=Q(stage__in=sorted(stage.value for stage in rules.OPEN_STAGES)),
            ),
            models.CheckConstraint(
                name="file_stage_known", condition=Q(stage__in=[stage.value for stage in rules.Stage])
            ),
            models.CheckConstraint(
                name="file_on_the_agenda_has_session",
                condition=Q(stage__in=["waiting", "ended"]) | Q(session__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.application_id} round {self.round}"


class Ballot(models.Model):
    """One question to one person about one file: a rapporteur's report or a vote. Answered once; void when outdated."""

    class Kind(models.TextChoices):
        REPORT = rules.BallotKind.REPORT.value, _("report")
        VOTE = rules.BallotKind.VOTE.value, _("vote")

    class Void(models.TextChoices):
        CHANGED = "changed", _("the dossier changed")
        INTEREST = "interest", _("an interest was declared")
        RELEASED = "released", _("released by the secretary")
        LEFT = "left", _("the dossier left the committee")
        UNANSWERED = "unanswered", _("the vote was closed")

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="ballots")
    kind = models.CharField(max_length=10, choices=Kind)
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="ballots")
    content_hash = models.CharField(max_length=64)
    asked_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=40, choices=OutcomeName, blank=True)
    comment = models.TextField(blank=True)
    recommendations: Any = models.JSONField(default=list)
    voided_at = models.DateTimeField(null=True)
    void_reason = models.CharField(max_length=12, choices=Void, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["person", "file"], name="committee_ballots_of"),
            models.Index(
                fields=["person", "file"],
                condition=Q(answered_at=None, voided_at=None),
                name="committee_ballots_awaited",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                name="ballot_once", fields=["file", "kind", "person"], condition=Q(voided_at__isnull=True)
            ),
            models.CheckConstraint(
                name="ballot_answered_has_outcome",
                condition=Q(answered_at__isnull=True, outcome="") | (Q(answered_at__isnull=False) & ~Q(outcome="")),
            ),
            models.CheckConstraint(
                name="ballot_void_has_reason",
                condition=Q(voided_at__isnull=True, void_reason="") | (Q(voided_at__isnull=False) & ~Q(void_reason="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.person_id} on {self.file_id}"

    @property
    def facts(self) -> rules.BallotFacts:
        """What decides who sees it."""
        return rules.BallotFacts(str(self.person_id), self.answered_at is not None, self.voided_at is not None)


class Disclosure(models.Model):
    """What a person declared about one dossier: no interest, or one that keeps them away. Never changed."""

    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="disclosures")
    application = models.ForeignKey(
        "applications.Application", on_delete=models.PROTECT, related_name="committee_disclosures"
    )
    has_interest = models.BooleanField()
    nature = models.CharField(max_length=12, choices=Nature, blank=True)
    declared_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(
                fields=["person", "application"], condition=Q(has_interest=True), name="disclosure_keeping_away"
            )
        ]
        constraints = [
            models.UniqueConstraint(name="disclosure_once", fields=["person", "application", "has_interest"]),
            models.CheckConstraint(
                name="disclosure_interest_has_nature",
                condition=Q(has_interest=False, nature="") | (Q(has_interest=True) & ~Q(nature="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} on {self.application_id}: {self.has_interest}"


class Interest(models.Model):
    """A link of a person with an organisation: no file of it exists for them until `counts_until`, if that is set."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="interests")
    organisation = models.ForeignKey("accounts.Organisation", on_delete=models.PROTECT, related_name="+")
    nature = models.CharField(max_length=12, choices=Nature)
    starts_on = models.DateField()
    ends_on = models.DateField(null=True)
    counts_until = models.DateField(null=True)
    declared_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="interest_dates_in_order", condition=Q(ends_on=None) | Q(ends_on__gte=F("starts_on"))
            ),
            models.CheckConstraint(
                name="interest_counts_after_its_end",
                condition=Q(ends_on=None, counts_until=None) | Q(counts_until__gte=F("ends_on")),
            ),
            models.UniqueConstraint(
                name="interest_once", fields=["person", "organisation", "nature"], condition=Q(ends_on=None)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.person_id} with {self.organisation_id}"


class Opinion(models.Model):
    """The committee's express opinion on one file. A tacit one is no row here: the procedure's clock records it."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    file = models.OneToOneField(File, on_delete=models.PROTECT, related_name="opinion")
    content_hash = models.CharField(max_length=64)
    outcome = models.CharField(max_length=40, choices=OutcomeName)
    text_fr = models.TextField()
    text_en = models.TextField(blank=True)
    tally: Any = models.JSONField()  # outcome -> number of votes
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(name="opinion_says_why", condition=~Q(text_fr=""))]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.file_id}"


class Recommendation(models.Model):
    """One thing the committee asks of the team, on one topic."""

    opinion = models.ForeignKey(Opinion, on_delete=models.PROTECT, related_name="recommendations")
    position = models.PositiveSmallIntegerField()
    topic = models.CharField(max_length=14, choices=Topic)
    text = models.TextField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(name="recommendation_place_once", fields=["opinion", "position"]),
            models.CheckConstraint(name="recommendation_says_something", condition=~Q(text="")),
        ]

    def __str__(self) -> str:
        return f"{self.position} of {self.opinion_id}"
