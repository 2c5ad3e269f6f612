"""Pages of access reviews."""

from uuid import UUID

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from apps.accounts.navigation import person_of
from apps.accounts.views import form_page
from apps.audit.reading import reads
from apps.core.actions import declares
from apps.core.errors import RefusedError
from apps.reviews import selectors, services
from apps.reviews.forms import FilterForm, OpenForm, VerdictForm
from apps.reviews.models import Review

PAGE_SIZE = 50


@declares("review.list")
def listing(request: HttpRequest) -> HttpResponse:
    """Every review, the latest first."""
    page = Paginator(selectors.reviews_counted(), PAGE_SIZE).get_page(request.GET.get("page"))
    return render(request, "reviews/list.html", {"page": page, "open_review": selectors.review_open()})


@declares("review.open")
def begin(request: HttpRequest) -> HttpResponse:
    """Open a review."""
    form = OpenForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        try:
            review = services.review_begin(closes_on=form.cleaned_data["closes_on"], by=person_of(request))
        except RefusedError as error:
            form.refuse(error)
        else:
            messages.success(request, _("The review is open; the stewards are told by e-mail."))
            return redirect("reviews:review", review.pk)
    return form_page(request, "reviews/open.html", form)


@declares("review.read")
@reads("review.read", object_kind="review", object_id="review_id")
def review(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """The accesses of a review, filtered."""
    return _page(request, get_object_or_404(Review, pk=review_id), VerdictForm())


@declares("review.decide")
def decide(request: HttpRequest, review_id: UUID) -> HttpResponse:
    """Confirm or withdraw the accesses that were ticked."""
    found = get_object_or_404(Review, pk=review_id)
    form = VerdictForm(request.POST)
    if form.is_valid():
        try:
            number = _decided(request, found, form)
        except RefusedError as error:
            form.refuse(error)
        else:
            text = ngettext("%(n)d access was decided.", "%(n)d accesses were decided.", number)
            messages.success(request, text % {"n": number})
            return redirect("reviews:review", found.pk)
    return _page(request, found, form)


def _decided(request: HttpRequest, review: Review, form: VerdictForm) -> int:
    items, by = [int(one) for one in form.cleaned_data["items"]], person_of(request)
    if form.cleaned_data["verdict"] == "confirm":
        return services.accesses_confirm(review=review, item_ids=items, by=by)
    reason = form.cleaned_data["reason"]
    return services.accesses_withdraw(review=review, item_ids=items, reason=reason, by=by)


def _page(request: HttpRequest, review: Review, form: VerdictForm) -> HttpResponse:
    filters = FilterForm({"verdict": "pending" if review.closed_at is None else "", **request.GET.dict()})
    filters.is_valid()
    chosen = {name: filters.cleaned_data.get(name, "") for name in filters.fields}
    page = Paginator(selectors.items_of(review, **chosen), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {"review": review, "page": page, "form": form, "filters": filters, "counts": selectors.counts_of(review)}
    return render(request, "reviews/review.html", context, status=422 if form.errors else 200)
