"""The pages of the relocation."""

from django.urls import path

from apps.relocation import views

app_name = "relocation"
urlpatterns = [
    path("exploitation/reprise/", views.overview, name="overview"),
    path("exploitation/reprise/rapports/<int:report_id>.json", views.report, name="report"),
]
