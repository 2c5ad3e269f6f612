"""The language of the pages, kept in Django's language cookie."""

from datetime import timedelta
from typing import Any, cast

from django.conf import settings
from django.http import HttpResponse

from apps.accounts.models import Language

_A_YEAR = timedelta(days=365)


def is_known(code: str) -> bool:
    """Whether the portal speaks this language."""
    return code in Language.values


def remembered(response: HttpResponse, code: str) -> HttpResponse:
    """The response, having the browser keep this language."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=_A_YEAR,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=True,
        samesite=cast(Any, settings.LANGUAGE_COOKIE_SAMESITE),
    )
    return response
