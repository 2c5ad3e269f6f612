"""Workspaces app."""

from importlib import import_module

from django.apps import AppConfig


class WorkspacesConfig(AppConfig):
    name = "apps.workspaces"

    def ready(self) -> None:
        import_module("apps.workspaces.notices")
        import_module("apps.workspaces.tasks")
