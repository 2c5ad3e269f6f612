"""The database role of the application: full rights on everything but the audit log, to which it can only add."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.audit.roles import RoleError, excessive_rights, role_prepare


class Command(BaseCommand):
    help = (
        "As the tables' owner, after each migration: make the application's role or renew its rights. Its password "
        "is that of HDH_APP_DATABASE_PASSWORD, if set. --check, as the application: exit 1 if it may do too much."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", default="hdh_app")
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            return self._check()
        try:
            with transaction.atomic():
                role_prepare(options["role"], os.environ.get("HDH_APP_DATABASE_PASSWORD"))
        except RoleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{options['role']} adds to the audit log and changes nothing in it.")
        return None

    def _check(self) -> None:
        if found := excessive_rights():
            raise CommandError(f"The role of DATABASE_URL may {', '.join(found)}.")
        self.stdout.write("The role of DATABASE_URL adds to the audit log and changes nothing in it.")
