"""Start-up checks."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error

from apps.core.actions import permission_table, undeclared_urls


def downloads_of_the_setting_exist(**_: Any) -> list[CheckMessage]:
    """A name in the setting STEP_UP_DOWNLOADS that is no download of the permission table would protect nothing."""
    known = {action.name for action in permission_table().values() if action.methods == ("GET",)}
    return [
        Error(f"HDH_STEP_UP_DOWNLOADS names {name}, which is no action that is only read.", id="hdh.E002")
        for name in sorted(settings.STEP_UP_DOWNLOADS - known)
    ]


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
