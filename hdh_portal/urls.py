"""Every URL of the portal. A view that declares no action is refused at start-up (apps/core/checks.py)."""

from django.urls import include, path

urlpatterns = [
    path("", include("apps.core.urls")),
    path("audit/", include("apps.audit.urls")),
    path("", include("apps.accounts.urls")),
    path("", include("apps.applications.urls")),
    path("", include("apps.committee.urls")),
    path("", include("apps.agreements.urls")),
    path("", include("apps.people.urls")),
    path("", include("apps.directory.urls")),
    path("", include("apps.reviews.urls")),
    path("", include("apps.extracts.urls")),
    path("", include("apps.workspaces.urls")),
    path("", include("apps.fulfilment.urls")),
    path("", include("apps.relocation.urls")),
]

handler400 = "apps.core.views.bad_request"
handler403 = "apps.core.views.forbidden"
handler404 = "apps.core.views.not_found"
handler500 = "apps.core.views.server_error"
