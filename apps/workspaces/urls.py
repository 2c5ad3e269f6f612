"""A workspace's pages."""

from django.urls import path

from apps.workspaces import views

app_name = "workspaces"
urlpatterns = [
    path("espaces/<uuid:workspace_id>/ouvrir/", views.open_workspace, name="open"),
    path("espaces/<uuid:workspace_id>/suspendre/", views.suspend, name="suspend"),
    path("espaces/<uuid:workspace_id>/reprendre/", views.resume, name="resume"),
]
