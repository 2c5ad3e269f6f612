"""The extract's events in words, for the timeline."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from apps.extracts.rules import UnitState

SENTENCES: dict[str, str | Promise] = {
    "extract.requested": _("The extract was requested."),
    "extract.started": _("A worker began the extract."),
    "extract.planned_anew": _("The work was planned anew by another version of the portal; what was done is kept."),
    "extract.delivered": _("The extract was verified and delivered (files: %(files)s; rows: %(rows)s)."),
    "extract.to_release": _(
        "The extract was verified; its risk goes beyond the policy: a data steward reads it first."
    ),
    "extract.released": _("%(actor)s let the extract go to the workspace: %(reason)s"),
    "extract.refused": _("%(actor)s refused the extract, and what was made of it is removed: %(reason)s"),
    "extract.cancelled": _("The extract was cancelled: what had been made of it is removed."),
    "extract.discarded": _("Nothing is left of the cancelled extract."),
    "extract.restarted": _("%(actor)s asked for the extract again."),
    "extract.read": _("%(actor)s read the report of the extract."),
    "extract.removal_asked": _("The rights to the delivered data ended long enough ago: they are to be removed."),
    "extract.removed": _(
        "The delivered data were removed: %(files)s file(s), %(rows)s row(s); their manifest is kept."
    ),
    "extract.superseded": _("The extract under way was given up: an amendment asks for other data."),
    "extract.needs_human": _("The extract stopped and needs a person. Nothing was delivered."),
    "key.made": _("The project's pseudonymisation key was made."),
    "key.rotated": _("The project's pseudonymisation key was sealed anew; pseudonyms stay the same."),
    "key.ended": _("The end of the project's pseudonymisation key was decided: no further extract can be made."),
    "key.destroyed": _("The project's pseudonymisation key was destroyed, and the key service refused to open it."),
}

STAGES: dict[str, str | Promise] = {
    "source": _("Checking the source copy."),
    "identities": _("Reading the identities."),
    "people": _("Reading the identities."),
    "events": _("Looking for the events of the criteria."),
    "matched": _("Looking for the events of the criteria."),
    "cohort": _("Forming the population."),
    "controls": _("Matching controls."),
    "patients": _("Making the project's pseudonyms."),
    "members": _("Making the project's pseudonyms."),
    "table": _("Writing the tables."),
    "risk": _("Measuring the disclosure risk."),
    "upload": _("Putting the files where deliveries stand."),
    "publish": _("Verifying and publishing."),
}

UNIT_STATES: dict[UnitState, str | Promise] = {
    UnitState.WAITING: _("waiting"),
    UnitState.UNDER_WAY: _("under way"),
    UnitState.TO_RESUME: _("begun, to be resumed"),
    UnitState.DONE: _("finished"),
}
