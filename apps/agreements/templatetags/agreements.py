"""What the pages of a dossier and of a project, in other rooms, show of the agreement."""

from uuid import UUID

from django import template

from apps.agreements.models import Agreement

register = template.Library()


@register.inclusion_tag("agreements/_link.html")
def agreement_link(application_id: UUID) -> dict[str, object]:
    """A link to the agreement of a dossier, with its status; nothing before there is one. One query."""
    return {"agreement": Agreement.objects.filter(application=application_id).first()}
