"""Pages of long lists."""

from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet


def page_by_key(rows: QuerySet[Any, Any], number: str | None, size: int) -> Page[Any]:
    """One page of rows, in their order; three queries.

    The rows of the page are found by their keys alone, then what is shown of them is read: to sort thousands of wide
    rows for the sake of twenty-five takes several times as long.
    """
    page = Paginator(rows.values_list("pk", flat=True), size).get_page(number)
    page.object_list = rows.filter(pk__in=list(page.object_list))
    return page
