"""What is authorised, and how an amendment differs from it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import F, Q, QuerySet

from apps.accounts.models import Person
from apps.applications import amendments, rules
from apps.applications.amendments import Change, Proposal
from apps.applications.form_spec import Contents
from apps.applications.models import Application, Decision, StageOutcome, Submission
from apps.applications.paths import path_of, policy_of
from apps.applications.policy import Stage
from apps.applications.rules import Missing


def root_of(application: Application) -> Application:
    """The dossier whose project this one concerns: itself, unless it amends another."""
    return application.amends or application


def family_of(application: Application) -> QuerySet[Application]:
    """A dossier with all that amends it."""
    root = application.amends_id or application.pk
    return Application.objects.filter(Q(pk=root) | Q(amends=root))


def amendments_of(application: Application) -> QuerySet[Application]:
    """What amends this dossier, latest first."""
    return Application.objects.filter(amends=application).order_by("-created_at")


def under_way(application: Application) -> Application | None:
    """The amendment that is neither decided nor given up, if there is one."""
    return amendments_of(root_of(application)).exclude(status__in=rules.FINAL).first()


def authorised_before(application: Application) -> Application:
    """The dossier whose approval an amendment starts from; for the first dossier of a project, what holds now."""
    return _approved_before(application).order_by("-decided_at")[0]


def _approved_before(application: Application) -> QuerySet[Application]:
    found = family_of(application).filter(status=rules.Status.APPROVED).exclude(pk=_itself(application))
    return found.filter(decided_at__lte=application.created_at) if application.amends_id else found


def _itself(application: Application) -> Any:
    return application.pk if application.amends_id else None


def submission_of(application: Application) -> Submission:
    """What was submitted last. Raises DoesNotExist before the first submission."""
    return Submission.objects.get(application=application, round=application.round)


@dataclass(frozen=True)
class Comparison:
    """An amendment beside what is authorised. `authorised` is the dossier that holds, `before` its submission."""

    authorised: Application
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    changes: tuple[Change, ...]
    proposal: Proposal


def submissions_held(application: Application) -> QuerySet[Submission]:
    """The submission that an amendment starts from, with its dossier; nothing for a dossier that amends none."""
    if application.amends_id is None:
        return Submission.objects.none()
    found = Submission.objects.filter(application__in=_approved_before(application), round=F("application__round"))
    return found.select_related("application").order_by("-application__decided_at")[:1]


def comparison(
    application: Application, after: Mapping[str, Any], held: QuerySet[Submission] | None = None
) -> Comparison:
    """How this content of an amendment differs from what is authorised. `held`: what it starts from, where that was
    read. One query otherwise.
    """
    starts_from = (held or submissions_held(application))[0]
    authorised, before = starts_from.application, starts_from.content
    found = amendments.changes(application.specification, before, after)
    return Comparison(
        authorised, before, after, found, amendments.proposal(found, policy_of(application), judged=application.judged)
    )


def amendment_missing(
    application: Application, contents: Contents, held: QuerySet[Submission] | None = None
) -> tuple[Missing, ...]:
    """What keeps an amendment from being submitted beyond what every dossier lacks: the bounds of its access."""
    before = (held or submissions_held(application))[0].content
    asked, holds = amendments.access_of(contents), amendments.access_of(before["pages"])
    policy, path = policy_of(application), path_of(application)
    is_renewal = application.kind == Application.Kind.RENEWAL
    return tuple(amendments.access_problems(holds, asked, path, policy, is_renewal=is_renewal))


def stages_standing(application: Application, after: Mapping[str, Any]) -> list[str]:
    """The stages that an amendment need not pass when it is submitted so."""
    reopened = comparison(application, after).proposal.reopened
    own = StageOutcome.objects.filter(application=application).values_list("stage", flat=True)
    earned = (Stage(stage) for stage in {*own} & {*application.stages_done})
    return sorted(amendments.standing_stages(path_of(application), reopened, earned))


def decided_on_family(application: Application, person: Person) -> bool:
    """Whether the person decided on a dossier of this project, or on a stage of one."""
    family = family_of(application)
    decided = Decision.objects.filter(application__in=family, by=person).exists()
    return decided or StageOutcome.objects.filter(application__in=family, by=person).exists()
