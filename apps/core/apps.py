"""Core app."""

from importlib import import_module

from django.apps import AppConfig
from django.core.checks import register


class CoreConfig(AppConfig):
    name = "apps.core"

    def ready(self) -> None:
        from apps.core.checks import downloads_of_the_setting_exist, every_url_declares_an_action
        from apps.core.row_security import at_both_ends_of_requests

        import_module("hdh_portal.celery")  # so that every process, not only the workers, rings the configured broker
        import_module("apps.core.tasks")
        import_module("apps.core.mail")
        at_both_ends_of_requests()
        register(every_url_declares_an_action)
        register(downloads_of_the_setting_exist)
