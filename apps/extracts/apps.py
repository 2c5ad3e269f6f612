"""Extracts app."""

from importlib import import_module

from django.apps import AppConfig


class ExtractsConfig(AppConfig):
    name = "apps.extracts"

    def ready(self) -> None:
        import_module("apps.extracts.tasks")
