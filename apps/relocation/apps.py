"""Relocation app: what moves here from the previous platform."""

from importlib import import_module

from django.apps import AppConfig


class RelocationConfig(AppConfig):
    name = "apps.relocation"

    def ready(self) -> None:
        import_module("apps.relocation.mails")
