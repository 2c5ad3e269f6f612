"""Audit events: written in the transaction of the change they tell of, never changed afterwards."""

from django.db import models


class Event(models.Model):
    """Who did what to which object, and when. No personal data: people and objects by opaque identifier.

    The table is append-only: a trigger of the first migration refuses UPDATE and DELETE.
    """

    at = models.DateTimeField(auto_now_add=True)
    actor = models.CharField(max_length=64)
    action = models.CharField(max_length=80)
    object_kind = models.CharField(max_length=40)
    object_id = models.CharField(max_length=64)
    dossier_id = models.UUIDField(null=True)
    request_id = models.CharField(max_length=12, blank=True)
    data = models.JSONField(default=dict)

    class Meta:
        indexes = [
            models.Index(fields=["dossier_id", "id"], name="event_of_dossier"),
            models.Index(fields=["object_kind", "object_id", "id"], name="event_of_object"),
            models.Index(fields=["actor", "id"], name="event_of_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.object_kind}:{self.object_id}"
