"""Committee app."""

from django.apps import AppConfig


class CommitteeConfig(AppConfig):
    name = "apps.committee"
