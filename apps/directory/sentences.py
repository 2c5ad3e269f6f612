"""The directory's events in words, for the timeline."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

SENTENCES: dict[str, str | Promise] = {
    "directory.published": _("The project was published in the public directory."),
    "directory.ended": _("The public page says that the project is over."),
    "directory.results_published": _("%(actor)s published results in the public directory."),
}
