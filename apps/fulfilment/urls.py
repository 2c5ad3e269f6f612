"""The project's pages."""

from django.urls import path

from apps.fulfilment import ending_views, views

app_name = "fulfilment"
urlpatterns = [
    path("projets/", views.projects, name="projects"),
    path("projets/<uuid:project_id>/", views.project, name="project"),
    path("projets/<uuid:project_id>/cloture/", ending_views.close, name="close"),
    path("projets/<uuid:project_id>/retrait/", ending_views.revoke, name="revoke"),
    path("projets/<uuid:project_id>/acces/", views.project_access, name="access"),
    path("projets/<uuid:project_id>/etapes/", views.project_steps, name="project_steps"),
    path("dossiers/<uuid:application_id>/projet/", views.project_of_application, name="for_application"),
]
