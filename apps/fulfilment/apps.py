"""Fulfilment app: the only one that imports its siblings."""

from django.apps import AppConfig


class FulfilmentConfig(AppConfig):
    name = "apps.fulfilment"

    def ready(self) -> None:
        from apps.fulfilment.handlers import register

        register()
