"""Nobody gives a role to themselves, in the database too; who gave it is part of the row."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Q

GUARD = """
CREATE FUNCTION accounts_staff_role_keeps_its_giver() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person_id IS DISTINCT FROM OLD.person_id
        OR NEW.role IS DISTINCT FROM OLD.role
        OR NEW.given_by_id IS DISTINCT FROM OLD.given_by_id
        OR NEW.starts_on IS DISTINCT FROM OLD.starts_on
        OR (OLD.ends_on IS NOT NULL AND (NEW.ends_on IS NULL OR NEW.ends_on > OLD.ends_on))
    THEN
        RAISE EXCEPTION 'a role once given can only be ended, or end earlier' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_staff_role_only_ends BEFORE UPDATE ON accounts_staffrole
    FOR EACH ROW EXECUTE FUNCTION accounts_staff_role_keeps_its_giver();

CREATE FUNCTION accounts_staff_role_giver_holds_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.given_by_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts_staffrole r
        WHERE r.person_id = NEW.given_by_id AND r.starts_on <= CURRENT_DATE + 1
            AND (r.ends_on IS NULL OR r.ends_on >= CURRENT_DATE - 1)
    ) THEN
        RAISE EXCEPTION 'only somebody who holds a role gives one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_staff_role_given_by_staff BEFORE INSERT ON accounts_staffrole
    FOR EACH ROW EXECUTE FUNCTION accounts_staff_role_giver_holds_one();
"""
UNGUARD = """
DROP TRIGGER accounts_staff_role_given_by_staff ON accounts_staffrole;
DROP FUNCTION accounts_staff_role_giver_holds_one();
DROP TRIGGER accounts_staff_role_only_ends ON accounts_staffrole;
DROP FUNCTION accounts_staff_role_keeps_its_giver();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.AddField(
            model_name="staffrole",
            name="given_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="staffrole",
            constraint=models.CheckConstraint(
                condition=Q(given_by=None) | ~Q(given_by=F("person")), name="staff_role_never_own"
            ),
        ),
        migrations.RunSQL(GUARD, UNGUARD),
    ]
