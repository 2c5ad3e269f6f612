"""The way through the confirmation page, for acts that have no form of their own: a download, a first opening.

What is asked for travels in the page's address, signed for the person: the act, and where it is done. Nothing of it is
secret; nobody but the portal writes it.
"""

from dataclasses import astuple, dataclass
from datetime import timedelta
from urllib.parse import urlencode

from django.core import signing
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url

from apps.accounts.models import Person
from apps.accounts.navigation import own_path, person_of
from apps.accounts.rules import Act

PAGE_LIFE = timedelta(minutes=30)


@dataclass(frozen=True)
class Asked:
    """An act that waits for its confirmation: `target` is done by `method` with the `fields`. `page`: where one was."""

    act: Act
    target: str
    method: str
    page: str
    fields: tuple[tuple[str, str], ...] = ()

    def token(self, person: Person) -> str:
        """What the address of the confirmation page holds."""
        waiting = [*astuple(self.act), self.target, self.method, self.page, self.fields]
        return signing.dumps(waiting, salt=_salt(person), compress=True)


def ask(request: HttpRequest, act: Act) -> HttpResponse:
    """Send the person to confirm this act, which this very request would do."""
    page = own_path(request, request.headers.get("Referer", ""))
    sent = ((name, text) for name, texts in request.POST.lists() for text in texts)
    fields = tuple(pair for pair in sent if pair[0] != "csrfmiddlewaretoken")
    asked = Asked(act, request.get_full_path(), request.method or "GET", page, fields)
    query = urlencode({"acte": asked.token(person_of(request))})
    return HttpResponseRedirect(f"{resolve_url('accounts:step_up')}?{query}")


def asked_by(person: Person, token: str) -> Asked | None:
    """What the token stands for; None when it is altered, another person's or too old."""
    try:
        *act, target, method, page, fields = signing.loads(token, salt=_salt(person), max_age=PAGE_LIFE)
    except signing.BadSignature:
        return None
    return Asked(Act(*act), target, method, page, tuple((name, text) for name, text in fields))


def _salt(person: Person) -> str:
    return f"accounts.acts:{person.pk}"
