"""One address says where e-mail goes."""

import pytest

from hdh_portal.settings.mail import mail_settings


def test_a_mail_server_is_spoken_to_in_secret() -> None:
    found = mail_settings("smtp://portail:a%40b@mail.exemple.fr")
    assert (found.host, found.port, found.user, found.password) == ("mail.exemple.fr", 587, "portail", "a@b")
    assert (found.tls, found.ssl) == (True, False)


def test_a_mail_server_may_be_encrypted_from_the_first_byte() -> None:
    found = mail_settings("smtps://mail.exemple.fr:4650")
    assert (found.port, found.tls, found.ssl) == (4650, False, True)


def test_a_mail_server_on_this_machine_needs_no_encryption() -> None:
    assert not mail_settings("smtp://localhost:25").tls


def test_a_demonstration_writes_its_messages_into_a_folder_or_shows_them() -> None:
    assert mail_settings("file:///srv/hdh/mail").folder == "/srv/hdh/mail"
    assert mail_settings("console:").backend.endswith("console.EmailBackend")


@pytest.mark.parametrize("url", ["", "smtp://", "http://mail.exemple.fr", "file://"])
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="HDH_EMAIL_URL"):
        mail_settings(url)
