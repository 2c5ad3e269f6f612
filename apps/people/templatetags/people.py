"""What the pages of a dossier, in a room below, show of its people's accreditation."""

from django import template

from apps.applications.models import Application
from apps.people.selectors.accreditation import standing_of_team

register = template.Library()


@register.inclusion_tag("people/_team_standing.html")
def team_standing(application: Application) -> dict[str, object]:
    """The team with who is accredited and who is excluded today. One query once the dossier is gathered."""
    team = list(application.members.all())
    standing = standing_of_team(team)
    return {"lines": [(member, *standing[member.person_id]) for member in team]}
