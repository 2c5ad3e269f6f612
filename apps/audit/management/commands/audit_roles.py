"""The database roles of the application: full rights on everything but the audit log, to which they can only add."""

import os
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction

from apps.audit.roles import RoleError, excessive_rights, role_prepare


class Command(BaseCommand):
    help = (
        "As the tables' owner, after each migration: make the roles of the portal and of the workers or renew their "
        "rights. Their passwords are those of HDH_APP_DATABASE_PASSWORD and HDH_WORKER_DATABASE_PASSWORD, if set. "
        "--check, as one of them: exit 1 if it may do too much."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--role", default="hdh_app", help="of the portal: sees the rows of the person who asks")
        parser.add_argument(
            "--workers-role", default="hdh_worker", help="of the workers: sees everybody's; may be the same"
        )
        parser.add_argument("--check", action="store_true")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["check"]:
            return self._check()
        portal, workers = options["role"], options["workers_role"]
        try:
            with transaction.atomic():
                role_prepare(portal, os.environ.get("HDH_APP_DATABASE_PASSWORD"), sees_all=portal == workers)
                if portal != workers:
                    role_prepare(workers, os.environ.get("HDH_WORKER_DATABASE_PASSWORD"), sees_all=True)
        except RoleError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{portal} and {workers} add to the audit log and change nothing in it.")
        return None

    def _check(self) -> None:
        if found := excessive_rights():
            raise CommandError(f"The role of DATABASE_URL may {', '.join(found)}.")
        self.stdout.write("The role of DATABASE_URL adds to the audit log and changes nothing in it.")
