"""What the pages of a dossier, in a room below, show of what its workspace would cost."""

from datetime import date
from decimal import Decimal

from django import template

from apps.applications.five_safes import months_between
from apps.workspaces.selectors import usual_offer

register = template.Library()

HOURS_A_MONTH = 730


@register.inclusion_tag("workspaces/_foreseen_cost.html")
def workspace_foreseen_cost(starts_on: date | None, ends_on: date | None) -> dict[str, object]:
    """The most that a workspace of the usual size costs while access lasts, in euros without tax. One query at most."""
    offer = usual_offer()
    monthly = offer.hourly * HOURS_A_MONTH if offer else Decimal(0)
    return {"offer": offer, "monthly": monthly, "in_all": monthly * months_between(starts_on, ends_on)}
