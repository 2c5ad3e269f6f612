"""Identities that a provider outside vouches for, linked to people of the portal."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class LinkedIdentity(models.Model):
    """Who a person is at an identity provider: found again by issuer and subject, and by nothing else.

    Source: OpenID Connect Core 1.0, section 5.7: only both together are lasting and unique.
    """

    person = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=255)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="identity_once", fields=["issuer", "subject"]),
            models.UniqueConstraint(name="identity_one_a_person", fields=["person", "issuer"]),
            models.CheckConstraint(name="identity_has_subject", condition=~Q(subject="") & ~Q(issuer="")),
        ]

    def __str__(self) -> str:
        return f"identity of {self.person_id}"
