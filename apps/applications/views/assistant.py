"""Which path? A few questions, asked of anybody before a dossier is begun."""

from dataclasses import dataclass

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.applications.policy import Advice, assist, policy_on
from apps.applications.policy.assistant import asked
from apps.applications.wording import STAGES, said
from apps.core.actions import declares


@dataclass(frozen=True)
class QuestionShown:
    """One question in the reader's language: `options` are value, label, whether it is chosen."""

    key: str
    label: str
    help: str
    options: tuple[tuple[str, str, bool], ...]


@declares("application.assistant")
def assistant(request: HttpRequest) -> HttpResponse:
    """The questions with the answers given so far, and what follows from them."""
    today = timezone.localdate()
    answers = {key: str(value) for key, value in request.GET.items() if value}
    advice = assist(answers, today)
    context = {
        "questions": [
            QuestionShown(
                question.key,
                said(question.label),
                said(question.help),
                tuple((o.value, said(o.label), answers.get(question.key) == o.value) for o in question.options),
            )
            for question in asked(answers, policy_on(today))
        ],
        "advice": advice,
        "answered": bool(answers),
        **_advice_said(advice),
    }
    return render(request, "applications/assistant.html", context)


def _advice_said(advice: Advice) -> dict[str, object]:
    """The advice in the reader's language."""
    path = advice.path
    return {
        "reason": said(advice.reason),
        "path_title": said(path.title) if path else "",
        "path_summary": said(path.summary) if path else "",
        "path_legal": said(path.legal) if path else "",
        "required": [said(document.title) for document in advice.documents if document.required],
        "on_demand": [said(document.title) for document in advice.documents if not document.required],
        "steps": [
            (STAGES[step.stage], said(step.delay.legal) if step.delay else "", step.latest) for step in advice.calendar
        ],
    }
