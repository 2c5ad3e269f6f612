"""The public directory."""

from django.urls import path

from apps.directory import views

app_name = "directory"
urlpatterns = [
    path("repertoire/", views.listing, name="list"),
    path("repertoire/flux.atom", views.feed, name="feed"),
    path("repertoire/projets.csv", views.as_csv, name="csv"),
    path("repertoire/projets.json", views.as_json, name="json"),
    path("repertoire/<uuid:application_id>/", views.entry, name="entry"),
    path("dossiers/<uuid:application_id>/resultats/", views.results, name="results"),
]
