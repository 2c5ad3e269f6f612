"""How tests ask for the pages of a dossier, and read the answers."""

from typing import Any

from django.test import Client
from django.urls import reverse

from apps.applications.models import Application, Page

HTMX = {"HX-Request": "true"}


def url(name: str, application: Application, *more: Any) -> str:
    return reverse(f"applications:{name}", args=[application.pk, *more])


def text_of(response: Any) -> str:
    return str(response.content.decode())


def save(
    client: Client, application: Application, key: str, headers: dict[str, str] | None = None, /, **form: Any
) -> Any:
    version = Page.objects.get(application=application, key=key).version
    return client.post(url("page", application, key), {"version": version, **form}, headers=headers)


def held(application: Application, key: str) -> dict[str, Any]:
    return dict(Page.objects.get(application=application, key=key).content)
