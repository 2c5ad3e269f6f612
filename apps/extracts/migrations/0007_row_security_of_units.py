"""Whose units the portal's own role sees: those of the extracts that it sees."""

from django.db import migrations

from apps.core.row_security import protected

SEEN = "EXISTS (SELECT 1 FROM extracts_extractrequest r WHERE r.id = request_id)"


class Migration(migrations.Migration):
    dependencies = [("extracts", "0006_units")]
    operations = [protected("extracts_extractunit", seen=SEEN)]
