"""URLs of the auditor's pages."""

from django.urls import path

from apps.audit import views

app_name = "audit"
urlpatterns = [
    path("", views.search, name="search"),
    path("export/", views.export, name="export"),
    path("lectures/", views.readers, name="readers"),
    path("sceau/", views.seal, name="seal"),
    path("evenements/<int:event_id>/", views.event, name="event"),
    path("evenements/<int:event_id>/preuve.json", views.proof, name="proof"),
]
