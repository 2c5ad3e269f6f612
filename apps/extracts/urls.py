"""An extract's pages."""

from django.urls import path

from apps.extracts import views

app_name = "extracts"
urlpatterns = [
    path("extractions/", views.awaiting, name="awaiting"),
    path("extractions/<uuid:extract_id>/", views.report, name="report"),
    path("extractions/<uuid:extract_id>/unites/", views.units, name="units"),
    path("extractions/<uuid:extract_id>/remise/", views.release, name="release"),
    path("extractions/<uuid:extract_id>/annuler/", views.cancel, name="cancel"),
    path("extractions/<uuid:extract_id>/reprendre/", views.restart, name="restart"),
]
