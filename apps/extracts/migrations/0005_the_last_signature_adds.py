"""The last signature of an agreement requests the extract, in the name of whoever gave it: often no staff, nor a member.

Only the row may be added, and only for the project of an agreement signed by every party, this person among them; to
see or change it afterwards takes what it took (0002_row_security).
"""

from importlib import import_module

from django.db import migrations

SEEN = import_module("apps.extracts.migrations.0002_row_security").SEEN
OR_SIGNED_LAST = """
    OR project_id IN (
        SELECT p.id FROM projects_project p
        JOIN agreements_agreement a ON a.application_id = p.application_id AND a.status = 'signed'
        JOIN agreements_version v ON v.agreement_id = a.id AND v.superseded_at IS NULL
        JOIN agreements_signature s ON s.document_version_id = v.id AND s.voided_at IS NULL
        WHERE s.person_id = hdh_person()
    )
"""


class Migration(migrations.Migration):
    dependencies = [("extracts", "0004_row_security_of_keys"), ("agreements", "0002_signatures_bind")]
    operations = [
        migrations.RunSQL(
            f"ALTER POLICY added ON extracts_extractrequest WITH CHECK ({SEEN} {OR_SIGNED_LAST})",
            f"ALTER POLICY added ON extracts_extractrequest WITH CHECK ({SEEN})",
        )
    ]
