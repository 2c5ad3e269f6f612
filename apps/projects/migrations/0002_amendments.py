"""A project has one entitlement after another: each names the dossier that granted it, the project the one that holds."""

import django.db.models.deletion
from django.db import migrations, models

_PROTECT = django.db.models.deletion.PROTECT


class Migration(migrations.Migration):
    dependencies = [("applications", "0012_amendments"), ("projects", "0001_initial")]
    operations = [
        migrations.AlterField(
            model_name="entitlement",
            name="project",
            field=models.ForeignKey(on_delete=_PROTECT, related_name="entitlements", to="projects.project"),
        ),
        migrations.AddField(
            model_name="entitlement",
            name="application",
            field=models.OneToOneField(
                null=True, on_delete=_PROTECT, related_name="entitlement", to="applications.application"
            ),
        ),
        migrations.AddField(model_name="entitlement", name="ended_at", field=models.DateTimeField(null=True)),
        migrations.AddField(
            model_name="project",
            name="entitlement",
            field=models.OneToOneField(null=True, on_delete=_PROTECT, related_name="+", to="projects.entitlement"),
        ),
        migrations.AddField(model_name="project", name="ended_on", field=models.DateField(null=True)),
        migrations.AddField(
            model_name="project",
            name="ending",
            field=models.CharField(
                blank=True,
                choices=[
                    ("completed", "completed as planned"),
                    ("stopped", "stopped before its end"),
                    ("revoked", "access withdrawn"),
                ],
                max_length=10,
                default="",
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="project",
            name="ending_told",
            field=models.TextField(blank=True, default=""),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="project",
            name="status",
            field=models.CharField(
                choices=[
                    ("active", "active"),
                    ("suspended", "suspended"),
                    ("closed", "closed"),
                    ("revoked", "access withdrawn"),
                ],
                default="active",
                max_length=10,
            ),
        ),
    ]
