"""Applications app."""

from importlib import import_module

from django.apps import AppConfig


class ApplicationsConfig(AppConfig):
    name = "apps.applications"

    def ready(self) -> None:
        import_module("apps.applications.tasks")
        import_module("apps.applications.mailing")
