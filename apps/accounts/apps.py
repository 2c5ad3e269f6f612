"""Accounts app."""

from importlib import import_module

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"

    def import_models(self) -> None:
        super().import_models()
        import_module("apps.accounts.identity_models")
        import_module("apps.accounts.recovery_models")

    def ready(self) -> None:
        import_module("apps.accounts.tasks")
        import_module("apps.accounts.alerts")
        import_module("apps.accounts.recovery_mails")
