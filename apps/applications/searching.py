"""What searches over dossiers look in: one line of text for each, without capitals or accents."""

import unicodedata
from collections.abc import Iterable

from django.db.models import Q

from apps.applications.models import Application, Member

LONGEST_QUERY = 200
MOST_WORDS = 8


def folded(text: str) -> str:
    """The text in small letters without accents, as searches compare it."""
    decomposed = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split())


def found_by(query: str) -> Q:
    """The condition for a dossier whose number, title, organisations or people hold every word of the query."""
    condition = Q()
    for word in folded(query[:LONGEST_QUERY]).split()[:MOST_WORDS]:
        condition &= Q(search_text__contains=word)
    return condition


def search_text_of(application: Application) -> str:
    """What a dossier is found by. Two queries."""
    members = Member.objects.filter(application=application).select_related("person", "organisation")
    team = list(members.order_by("id"))
    names = [*(member.person.full_name for member in team), *(member.organisation.name for member in team)]
    parts: Iterable[str] = (application.number, application.title, application.organisation.name, *names)
    return folded(" ".join(dict.fromkeys(parts)))


def search_text_renew(application: Application) -> None:
    """Write anew what the dossier is found by, after a change of its title or of its team."""
    present = Application.objects.select_related("organisation").get(pk=application.pk)
    Application.objects.filter(pk=application.pk).update(search_text=search_text_of(present))
