"""What Django's password rules let through at fifteen characters."""

import hashlib
import re
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.accounts.models import Person
from apps.accounts.rules import is_made_of_our_words, is_repetitive

_DIGEST = re.compile(rb"[0-9A-Fa-f]{40}")


class RepetitionValidator:
    """Refuse a long password made of a short one: the list of common passwords holds few long ones."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if is_repetitive(password):
            raise ValidationError(self.get_help_text(), code="password_repetitive")

    def get_help_text(self) -> str:
        return _("Your password cannot repeat the same few characters or the same word.")


class OwnWordsValidator:
    """Refuse a password made of the portal's own words: whoever attacks this portal tries them first."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if is_made_of_our_words(password):
            raise ValidationError(self.get_help_text(), code="password_of_our_words")

    def get_help_text(self) -> str:
        return _("Your password cannot be made of the words of this portal, such as its name.")


class BreachedPasswordValidator:
    """Refuse a password found in the operator's file of breached ones; nothing is asked of anybody outside.

    The file holds SHA-1 digests in hexadecimal, one a line, in order, whatever follows each. Without a file (setting
    BREACHED_PASSWORDS_FILE) there is nothing to look into.
    """

    def validate(self, password: str, user: Person | None = None) -> None:
        path = settings.BREACHED_PASSWORDS_FILE
        digest = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest()
        if path and is_listed(path, digest.upper().encode()):
            raise ValidationError(self.get_error_message(), code="password_breached")

    def get_error_message(self) -> str:
        return _("This password is known from a theft elsewhere: choose another one.")

    def get_help_text(self) -> str:
        return _("Your password cannot be one that was stolen elsewhere and published.")


def is_listed(path: Path, digest: bytes) -> bool:
    """Whether a file of ordered lines has one beginning with `digest`: a search by halves, tens of reads in gigabytes.

    Raises OSError when the file cannot be read: a password is then not accepted unseen.
    """
    with path.open("rb") as file:
        low, high = 0, file.seek(0, 2)
        while low < high:
            middle = (low + high) // 2
            file.seek(max(middle - 1, 0))
            if middle:
                file.readline()
            line = file.readline()
            found = _DIGEST.match(line)
            if found and found[0].upper() < digest:
                low = file.tell()
            else:
                high = middle
        file.seek(low)
        return file.readline()[:40].upper() == digest
