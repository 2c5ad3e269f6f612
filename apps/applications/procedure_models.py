"""What the procedure keeps beside the dossier: clocks, ticks, obligations, documents of those who decide."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

PERSON = settings.AUTH_USER_MODEL
APPLICATION = "applications.Application"


class StageClock(models.Model):
    """The legal delay of one stage of a dossier. Days are in Paris; `due_on` is the last of the delay.

    A clock that is `stopped_on` waits for information and runs on when the stage is entered again; one that is
    `ended_on` never does. `silence` is the outcome proposed to a steward since the delay lapsed, blank for none.
    """

    application = models.ForeignKey(APPLICATION, on_delete=models.CASCADE, related_name="clocks")
    stage = models.CharField(max_length=20)
    round = models.PositiveSmallIntegerField()
    started_on = models.DateField()
    due_on = models.DateField()
    stopped_on = models.DateField(null=True)
    ended_on = models.DateField(null=True)
    extended_on = models.DateField(null=True)
    extended_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    extension_reason = models.TextField(blank=True)
    reminded_on = models.DateField(null=True)
    lapsed_at = models.DateTimeField(null=True)
    silence = models.CharField(max_length=40, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="stage_clock_one_runs", fields=["application"], condition=Q(stopped_on=None, ended_on=None)
            ),
            models.CheckConstraint(
                name="stage_clock_extended_with_reasons",
                condition=Q(extended_on=None, extended_by=None, extension_reason="")
                | (Q(extended_on__isnull=False, extended_by__isnull=False) & ~Q(extension_reason="")),
            ),
            models.CheckConstraint(
                name="stage_clock_silence_after_lapse", condition=Q(silence="") | Q(lapsed_at__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} until {self.due_on}"


class ChecklistMark(models.Model):
    """What a steward found about one item of the checklist, in one round."""

    class Mark(models.TextChoices):
        GOOD = "good", _("as it should be")
        WRONG = "wrong", _("to be corrected")
        NOT_CONCERNED = "not_concerned", _("not concerned")

    application = models.ForeignKey(APPLICATION, on_delete=models.CASCADE, related_name="checklist_marks")
    round = models.PositiveSmallIntegerField()
    item = models.CharField(max_length=40)
    mark = models.CharField(max_length=14, choices=Mark)
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(name="checklist_mark_once", fields=["application", "round", "item"])]

    def __str__(self) -> str:
        return f"{self.item}: {self.mark}"


class Obligation(models.Model):
    """A condition that a decision put, until a steward has seen that it is fulfilled."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(APPLICATION, on_delete=models.PROTECT, related_name="obligations")
    outcome = models.ForeignKey("applications.StageOutcome", on_delete=models.PROTECT, related_name="obligations")
    text = models.TextField()
    fulfilled_at = models.DateTimeField(null=True)
    fulfilled_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    note = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="obligation_says_what", condition=~Q(text="")),
            models.CheckConstraint(
                name="obligation_fulfilled_by_someone",
                condition=Q(fulfilled_at=None, fulfilled_by=None)
                | Q(fulfilled_at__isnull=False, fulfilled_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class DecisionRecord(models.Model):
    """What was decided, on what, by whom: canonical JSON, signed when the decision was taken. Append-only."""

    decision = models.OneToOneField("applications.Decision", on_delete=models.PROTECT, related_name="record")
    content = models.TextField()
    public_key = models.CharField(max_length=64)
    signature = models.CharField(max_length=128)

    def __str__(self) -> str:
        return self.signature[:16]


class Exclusion(models.Model):
    """Who may file no new application until a day, after a misuse of the data of `application`, and why.

    Either a person or an organisation. One that was lifted counts no more.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.ForeignKey(APPLICATION, on_delete=models.PROTECT, related_name="exclusions")
    person = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="exclusions", null=True)
    organisation = models.ForeignKey(
        "accounts.Organisation", on_delete=models.PROTECT, related_name="exclusions", null=True
    )
    reason = models.TextField()
    until_on = models.DateField()
    by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True)
    lifted_by = models.ForeignKey(PERSON, on_delete=models.PROTECT, related_name="+", null=True)
    lifted_because = models.TextField(blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="exclusion_of_one",
                condition=Q(person__isnull=False, organisation=None) | Q(person=None, organisation__isnull=False),
            ),
            models.CheckConstraint(name="exclusion_says_why", condition=~Q(reason="")),
            models.CheckConstraint(
                name="exclusion_lifted_by_someone_who_says_why",
                condition=Q(lifted_at=None, lifted_by=None, lifted_because="")
                | (Q(lifted_at__isnull=False, lifted_by__isnull=False) & ~Q(lifted_because="")),
            ),
        ]

    def __str__(self) -> str:
        return f"exclusion until {self.until_on}"
