"""Starting an amendment or a renewal, and the steward's own view of whether it is substantial."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from apps.accounts.navigation import person_of
from apps.applications import amendment_page, rules, selectors, services, wording
from apps.applications.deciding_forms import AmendForm, JudgeForm
from apps.applications.models import Application
from apps.applications.views.shared import examined_or_404, mine_or_404, seen_version
from apps.applications.views.stewards import decided
from apps.core.actions import declares
from apps.core.errors import reason_sentence
from apps.core.rules import Refused


@declares("application.amend")
def amend(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """What an amendment and a renewal are, and the button that starts one."""
    application = mine_or_404(request, application_id)
    form = AmendForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        made = services.amendment_start(
            application=application,
            kind=Application.Kind(form.cleaned_data["kind"]),
            creation_key=form.cleaned_data["creation_key"],
            by=person_of(request),
        )
        first = "period" if made.kind == Application.Kind.RENEWAL else made.specification.keys[0]
        return redirect("applications:page", made.pk, first)
    return render(request, "applications/amend.html", _context(request, application, form), status=_status(form))


def _status(form: AmendForm) -> int:
    return 422 if form.errors else 200


def _context(request: HttpRequest, application: Application, form: AmendForm) -> dict[str, object]:
    person = person_of(request)
    decision = rules.decide("application.amend", selectors.amendment_facts(application, person))
    refused = decision.reasons if isinstance(decision, Refused) else ()
    policy = selectors.policy_of(application)
    return {
        "application": application,
        "form": form,
        "obstacles": [reason_sentence(reason, wording.REASONS) for reason in refused],
        "renewal": policy.renewal,
        "renewal_legal": wording.said(policy.renewal.legal),
        "longest": selectors.path_of(application).longest_access_years,
        "rules": [amendment_page.rule_line(rule) for rule in policy.amendments],
    }


@declares("application.judge")
def judge(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """The steward sees otherwise than the rules whether the amendment is substantial."""
    application = examined_or_404(application_id)
    form = JudgeForm(application, request.POST)

    def decide() -> None:
        services.amendment_judge(
            application=application,
            seen_version=seen_version(request),
            substantial=form.cleaned_data["substantial"] == "yes",
            reason=form.cleaned_data["reason"],
            by=person_of(request),
        )

    return decided(request, application, "judge_form", form, decide, _("Your judgement is kept; the stages follow it."))
