"""A workspace's pages."""

from django.urls import path

from apps.workspaces import operating, views

app_name = "workspaces"
urlpatterns = [
    path("espaces/<uuid:workspace_id>/ouvrir/", views.open_workspace, name="open"),
    path("espaces/<uuid:workspace_id>/suspendre/", views.suspend, name="suspend"),
    path("espaces/<uuid:workspace_id>/reprendre/", views.resume, name="resume"),
    path("espaces/<uuid:workspace_id>/demarrer/", views.start, name="start"),
    path("espaces/<uuid:workspace_id>/arreter/", views.stop, name="stop"),
    path("espaces/<uuid:workspace_id>/detruire/", views.destroy, name="destroy"),
    path("espaces/<uuid:workspace_id>/certificat.pdf", views.certificate_pdf, name="certificate_pdf"),
    path("espaces/<uuid:workspace_id>/certificat.json", views.certificate_json, name="certificate_json"),
    path("exploitation/espaces/", operating.workspaces, name="operated_list"),
    path("exploitation/budgets/", operating.budget_list, name="budgets"),
    path("exploitation/hebergeur/", operating.cloud, name="cloud"),
    path("exploitation/hebergeur/pannes/", operating.fake_fault, name="fake_fault"),
    path("exploitation/espaces/<uuid:workspace_id>/", operating.workspace, name="operated"),
    path("exploitation/espaces/<uuid:workspace_id>/annuler/", operating.cancel, name="cancel"),
    path("exploitation/espaces/<uuid:workspace_id>/taille/", operating.resize, name="resize"),
    path("exploitation/espaces/<uuid:workspace_id>/budget/", operating.set_budget, name="set_budget"),
    path("exploitation/espaces/<uuid:workspace_id>/cles/", operating.rotate_keys, name="rotate_keys"),
    path("exploitation/espaces/<uuid:workspace_id>/reparer/", operating.check_and_repair, name="reconcile"),
    path("exploitation/espaces/<uuid:workspace_id>/etape/reprendre/", operating.retry, name="retry_step"),
    path("exploitation/espaces/<uuid:workspace_id>/etape/passer/", operating.skip, name="skip_step"),
    path("exploitation/espaces/<uuid:workspace_id>/etape/confier/", operating.hand_over, name="hand_over"),
]
