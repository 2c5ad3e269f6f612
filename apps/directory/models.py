"""Public pages of projects as rows: made from what was approved, searched without touching dossiers."""

import uuid
from typing import Any

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import models
from django.db.models import Q


class Entry(models.Model):
    """A project in the public directory. `sections` holds its page in words, by language; `facts` the open data.

    `haystack` is what a search looks through: without accents or capitals. Of a project that is over, `ending` says how
    it ended and `ending_told` what became of it, in its team's words.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    application = models.OneToOneField("applications.Application", on_delete=models.PROTECT, related_name="entry")
    number = models.CharField(max_length=20, unique=True)
    path = models.CharField(max_length=40)
    title = models.CharField(max_length=200)
    title_en = models.CharField(max_length=200, blank=True)
    controller = models.CharField(max_length=200)
    starts_on = models.DateField()
    ends_on = models.DateField()
    sections: Any = models.JSONField()
    facts: Any = models.JSONField()
    haystack = models.TextField()
    version = models.PositiveIntegerField(default=1)
    method = models.TextField(blank=True)
    method_en = models.TextField(blank=True)
    results = models.TextField(blank=True)
    results_en = models.TextField(blank=True)
    publications: Any = models.JSONField(default=list)
    ended_on = models.DateField(null=True)
    ending = models.CharField(max_length=10, blank=True)
    ending_told = models.TextField(blank=True)
    published_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    results_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(name="entry_ends_after_it_starts", condition=Q(ends_on__gte=models.F("starts_on"))),
            models.CheckConstraint(
                name="entry_results_have_a_date", condition=Q(results_at=None) | ~Q(results="") | ~Q(publications=[])
            ),
        ]
        indexes = [
            models.Index(fields=["-updated_at", "id"], name="entry_latest"),
            models.Index(fields=["path", "-updated_at"], name="entry_by_path"),
            GinIndex(SearchVector("haystack", config="simple"), name="entry_words"),
        ]

    def __str__(self) -> str:
        return self.number
