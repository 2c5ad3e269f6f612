"""People app: organisations, invitations, accreditation."""

from importlib import import_module

from django.apps import AppConfig


class PeopleConfig(AppConfig):
    name = "apps.people"

    def ready(self) -> None:
        import_module("apps.people.mails")
        import_module("apps.people.tasks")
        from apps.applications.services.strays import files_kept_by
        from apps.people.selectors.accreditation import certificate_files

        files_kept_by(certificate_files)
