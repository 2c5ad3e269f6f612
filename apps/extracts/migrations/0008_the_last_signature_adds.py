"""The last signature of an agreement requests the extract, in the name of whoever gave it: often no staff, nor a member.

An amendment's also ends the request before it. So the extracts of that very project exist for its signatory too, in the
transaction that writes the signature and in no other; before and after it takes what it took (0002_row_security).
"""

from importlib import import_module

from django.db import migrations

SEEN = import_module("apps.extracts.migrations.0002_row_security").SEEN
OR_SIGNED_JUST_NOW = """
    OR project_id IN (
        SELECT p.id FROM agreements_signature s
        JOIN agreements_version v ON v.id = s.document_version_id AND v.superseded_at IS NULL
        JOIN agreements_agreement a ON a.id = v.agreement_id AND a.status = 'signed'
        JOIN applications_application d ON d.id = a.application_id
        JOIN projects_project p ON p.application_id IN (d.id, d.amends_id)
        WHERE s.person_id = hdh_person() AND s.voided_at IS NULL AND s.xmin = pg_current_xact_id_if_assigned()::xid
    )
"""


def _policies(condition: str) -> str:
    return f"""
        ALTER POLICY seen ON extracts_extractrequest USING ({condition});
        ALTER POLICY added ON extracts_extractrequest WITH CHECK ({condition});
        ALTER POLICY changed ON extracts_extractrequest USING ({condition}) WITH CHECK ({condition});
    """


class Migration(migrations.Migration):
    dependencies = [
        ("extracts", "0007_row_security_of_units"),
        ("agreements", "0002_signatures_bind"),
        ("applications", "0012_amendments"),
    ]
    operations = [migrations.RunSQL(_policies(SEEN + OR_SIGNED_JUST_NOW), _policies(SEEN))]
