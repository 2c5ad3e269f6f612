"""The project's pages."""

from django.urls import path

from apps.fulfilment import views

app_name = "fulfilment"
urlpatterns = [
    path("projets/", views.projects, name="projects"),
    path("projets/<uuid:project_id>/", views.project, name="project"),
    path("projets/<uuid:project_id>/acces/", views.project_access, name="access"),
    path("projets/<uuid:project_id>/etapes/", views.project_steps, name="project_steps"),
    path("dossiers/<uuid:application_id>/projet/", views.project_of_application, name="for_application"),
]
