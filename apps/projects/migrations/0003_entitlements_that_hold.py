"""The entitlements that were granted before there were amendments: each holds, by the dossier of its project."""

from django.db import migrations

FILL = """
UPDATE projects_entitlement e SET application_id = p.application_id FROM projects_project p WHERE p.id = e.project_id;
UPDATE projects_project p SET entitlement_id = e.id FROM projects_entitlement e WHERE p.id = e.project_id;
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0002_amendments")]
    operations = [migrations.RunSQL(FILL, migrations.RunSQL.noop)]
