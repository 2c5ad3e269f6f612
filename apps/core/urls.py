"""URLs that belong to no other room."""

from django.urls import path

from apps.core import health, views

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", views.home, name="home"),
    path("accessibilite/", views.accessibility, name="accessibility"),
    path("interventions/", views.interventions, name="interventions"),
    path("interventions/<int:item_id>/reprendre/", views.intervention_retry, name="intervention_retry"),
]
