"""What every project and every entitlement says from now on."""

import django.db.models.deletion
from django.db import migrations, models

_PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("projects", "0003_entitlements_that_hold")]
    operations = [
        migrations.AlterField(
            model_name="entitlement",
            name="application",
            field=models.OneToOneField(on_delete=_PROTECT, related_name="entitlement", to="applications.application"),
        ),
        migrations.AlterField(
            model_name="project",
            name="entitlement",
            field=models.OneToOneField(on_delete=_PROTECT, related_name="+", to="projects.entitlement"),
        ),
        migrations.AddConstraint(
            model_name="entitlement",
            constraint=models.UniqueConstraint(
                condition=models.Q(ended_at__isnull=True), fields=["project"], name="entitlement_one_at_a_time"
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(ended_on=None, ending="")
                | (models.Q(ended_on__isnull=False) & ~models.Q(ending="")),
                name="project_ended_says_how",
            ),
        ),
    ]
