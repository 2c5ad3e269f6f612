"""What the pages of a dossier, in a room below, show of the committee."""

from django import template

from apps.applications.models import Application
from apps.committee.models import Opinion

register = template.Library()


@register.inclusion_tag("committee/_opinions.html")
def committee_opinions(application: Application) -> dict[str, object]:
    """Links to the express opinions on a dossier, the latest first. One query."""
    found = Opinion.objects.filter(file__application=application).select_related("file")
    return {"opinions": found.order_by("-at")}
