"""When delivered data whose rights ended are to be removed, and when they were."""

from django.db import migrations, models
from django.db.models import Q

REMOVED = Q(removal_asked_at=None, removed_at=None) | Q(removal_asked_at__isnull=False, status="delivered")


class Migration(migrations.Migration):
    dependencies = [("extracts", "0010_units_are_attempted")]
    operations = [
        migrations.AddField("extractrequest", "removal_asked_at", models.DateTimeField(null=True)),
        migrations.AddField("extractrequest", "removed_at", models.DateTimeField(null=True)),
        migrations.AddConstraint(
            "extractrequest", models.CheckConstraint(name="removed_extract_was_delivered", condition=REMOVED)
        ),
    ]
