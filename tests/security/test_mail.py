"""Nothing that somebody typed becomes a header of an e-mail."""

import pytest

from apps.core.mail import Mail, _message


@pytest.mark.parametrize(
    "to", ["a@exemple.fr\nBcc: b@exemple.fr", "a@exemple.fr\r\nSubject: no", "a@exemple.fr\n\nbody"]
)
def test_an_address_that_would_be_a_header_is_never_sent_to(to: str) -> None:
    with pytest.raises(ValueError, match="newlines"):
        _message(Mail(to, "fr", "accounts/mail/password_reset.txt"), 1).message()
