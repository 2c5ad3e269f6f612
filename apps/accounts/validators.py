"""What Django's password rules let through at fifteen characters."""

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from apps.accounts.models import Person
from apps.accounts.rules import is_repetitive


class RepetitionValidator:
    """Refuse a long password made of a short one: the list of common passwords holds few long ones."""

    def validate(self, password: str, user: Person | None = None) -> None:
        if is_repetitive(password):
            raise ValidationError(self.get_help_text(), code="password_repetitive")

    def get_help_text(self) -> str:
        return _("Your password cannot repeat the same few characters or the same word.")
