"""Where e-mail goes, from one address: `smtp://user:password@host:587`, `smtps://…`, `file:///folder`, `console:`."""

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

_BACKENDS = "django.core.mail.backends"
_SMTP_PORTS = {"smtp": 587, "smtps": 465}
TIMEOUT = 20
"""Seconds that the mail server may take to answer."""


@dataclass(frozen=True)
class MailSettings:
    """Django's settings for one way of sending. `tls`: by STARTTLS; `ssl`: from the first byte."""

    backend: str
    folder: str | None = None
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    tls: bool = False
    ssl: bool = False


def mail_settings(url: str) -> MailSettings:
    """The settings that an address stands for. Raises ValueError for an unknown scheme, or SMTP without a host.

    SMTP is always encrypted, but to this very machine.
    """
    parts = urlsplit(url)
    if parts.scheme == "console":
        return MailSettings(f"{_BACKENDS}.console.EmailBackend")
    if parts.scheme == "file" and parts.path:
        return MailSettings(f"{_BACKENDS}.filebased.EmailBackend", folder=unquote(parts.path))
    if parts.scheme in _SMTP_PORTS and parts.hostname:
        is_elsewhere = parts.hostname not in {"localhost", "127.0.0.1", "::1"}
        return MailSettings(
            f"{_BACKENDS}.smtp.EmailBackend",
            host=parts.hostname,
            port=parts.port or _SMTP_PORTS[parts.scheme],
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            tls=parts.scheme == "smtp" and is_elsewhere,
            ssl=parts.scheme == "smtps",
        )
    raise ValueError("HDH_EMAIL_URL must be smtp://, smtps://, file:///folder or console:")
