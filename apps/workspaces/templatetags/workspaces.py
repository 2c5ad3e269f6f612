"""What pages show of a workspace: its parts in words and, in a room below, what it would cost."""

from datetime import date
from decimal import Decimal

from django import template
from django.utils.html import format_html
from django.utils.translation import get_language, gettext

from apps.applications.five_safes import months_between
from apps.workspaces.selectors import usual_offer
from apps.workspaces.sentences import CLOUD_KINDS, PART_LABELS, STEP_LABELS

register = template.Library()

HOURS_A_MONTH = 730


@register.filter
def workspace_part(name: str) -> str:
    """A step, or a part of the ledger, in words; one that has none keeps its name."""
    return str(STEP_LABELS.get(name) or PART_LABELS.get(name) or name)


@register.filter
def reason_in_words(reason: str) -> str:
    """Why a workspace rests: in the reader's language where it is one of our sentences, else in English, said so."""
    told = gettext(reason) if reason else ""
    is_foreign = told == reason and get_language() != "en"
    return format_html('<span lang="en">{}</span>', told) if is_foreign else told


@register.filter
def cloud_kind(name: str) -> str:
    """A kind of thing in the cloud, or what is set on one, in words."""
    return str(CLOUD_KINDS.get(name) or workspace_part(name))


@register.inclusion_tag("workspaces/_foreseen_cost.html")
def workspace_foreseen_cost(starts_on: date | None, ends_on: date | None) -> dict[str, object]:
    """The most that a workspace of the usual size costs while access lasts, in euros without tax. One query at most."""
    offer = usual_offer()
    monthly = offer.hourly * HOURS_A_MONTH if offer else Decimal(0)
    return {"offer": offer, "monthly": monthly, "in_all": monthly * months_between(starts_on, ends_on)}
