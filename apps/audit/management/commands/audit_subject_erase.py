"""Erase the personal fields of a person's audit events, for good: their right, or the end of the retention."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from apps.audit.selectors import person_id_by_email
from apps.audit.services import subject_erase


class Command(BaseCommand):
    help = "Destroy the key of a subject: their personal fields become unreadable everywhere, and proofs stay valid."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--subject", required=True, help="the person's identifier, or e-mail address")
        parser.add_argument("--by", required=True, help="who decides it: identifier or e-mail address of the DPO")

    def handle(self, *args: Any, **options: Any) -> None:
        subject, by = (self._identifier(options[name]) for name in ("subject", "by"))
        if subject_erase(subject=subject, by=by):
            self.stdout.write(f"The personal fields of {subject} are erased.")
        else:
            self.stdout.write(f"The personal fields of {subject} were erased before.")

    @staticmethod
    def _identifier(given: str) -> str:
        if "@" not in given:
            return given
        found = person_id_by_email(given)
        if found is None:
            raise CommandError("Nobody has this e-mail address.")
        return found
