"""People app: organisations, invitations, accreditation."""

from importlib import import_module

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "apps.people"

    def ready(self) -> None:
        import_module("apps.people.mails")
        import_module("apps.people.tasks")
