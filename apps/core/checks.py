"""Start-up checks."""

from typing import Any

from django.core.checks import CheckMessage, Error

from apps.core.actions import undeclared_urls


def every_url_declares_an_action(**_: Any) -> list[CheckMessage]:
    """An URL whose view declares no action of the permission table keeps the portal from starting."""
    return [
        Error(
            f"The view of /{route} declares no action.",
            hint="Add @declares(...) to the view and a line to ACTIONS in its app's rules.",
            id="hdh.E001",
        )
        for route in undeclared_urls()
    ]
