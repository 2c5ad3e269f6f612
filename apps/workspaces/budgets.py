"""What workspaces cost against what they may cost."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.models import Case, DecimalField, ExpressionWrapper, F, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, NullIf
from django.utils import timezone

from apps.workspaces.models import CostLine, Offer, Workspace
from apps.workspaces.rules import Status
from apps.workspaces.selectors import USUAL_SIZES

_MONEY = DecimalField(max_digits=12, decimal_places=4)
_NOTHING = Value(Decimal(0), output_field=_MONEY)


def budget_lines() -> QuerySet[Any]:
    """Every living workspace with its costs: `spent` in all, `spent_this_month`, what was `saved` by stopping while
    nobody needed it, the `hourly` price, and `used`, the share of the budget in percent (None without one). Those
    nearest to their budget first; one query."""
    month = Q(costs__hour__gte=_month_begin())
    used = ExpressionWrapper(F("spent") * 100 / NullIf(F("budget"), _NOTHING), output_field=_MONEY)
    return (
        _priced(Workspace.objects.exclude(status=Status.DESTROYED))
        .select_related("project__application")
        .annotate(
            spent=Coalesce(Sum("costs__amount"), _NOTHING, output_field=_MONEY),
            saved=Coalesce(Sum("costs__saved"), _NOTHING, output_field=_MONEY),
            spent_this_month=Coalesce(Sum("costs__amount", filter=month), _NOTHING, output_field=_MONEY),
        )
        .annotate(used=used)
        .order_by(F("used").desc(nulls_last=True), "-spent", "pk")
    )


def _priced(workspaces: QuerySet[Workspace]) -> QuerySet[Any]:
    usual = Case(*(When(provider=name, then=Value(code)) for name, code in USUAL_SIZES.items()), default=Value(""))
    price = Offer.objects.filter(provider=OuterRef("provider"), code=OuterRef("code")).values("hourly")[:1]
    return workspaces.annotate(code=Case(When(size="", then=usual), default=F("size"))).annotate(hourly=Subquery(price))


def _month_begin() -> datetime:
    return timezone.localtime().replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def totals() -> dict[str, Decimal]:
    """Of all living workspaces: what they cost so far and this month, what was saved, and what an hour costs of those
    that run; two queries."""
    living = CostLine.objects.exclude(workspace__status=Status.DESTROYED)
    costs = living.aggregate(
        spent=Sum("amount"), saved=Sum("saved"), month=Sum("amount", filter=Q(hour__gte=_month_begin()))
    )
    prices = _priced(Workspace.objects.filter(status=Status.RUNNING)).values_list("hourly", flat=True)
    hourly = sum((price for price in prices if price), Decimal(0))
    return {name: found or Decimal(0) for name, found in {**costs, "hourly": hourly}.items()}
