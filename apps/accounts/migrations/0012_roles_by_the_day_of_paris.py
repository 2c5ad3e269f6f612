"""A role holds by the day of Paris, as everywhere else: the server's own day is another one after midnight."""

from django.db import migrations

HOLDS = """
CREATE OR REPLACE FUNCTION accounts_staff_role_giver_holds_one() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.given_by_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM accounts_staffrole r
        WHERE r.person_id = NEW.given_by_id AND r.starts_on <= {latest_start}
            AND (r.ends_on IS NULL OR r.ends_on >= {earliest_end})
    ) THEN
        RAISE EXCEPTION 'only somebody who holds a role gives one' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION accounts_must_be_steward(person uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM accounts_staffrole r JOIN accounts_person p ON p.id = r.person_id AND p.is_active
        WHERE r.person_id = person AND r.role = 'steward' AND r.starts_on <= {latest_start}
            AND (r.ends_on IS NULL OR r.ends_on >= {earliest_end})
    ) THEN
        RAISE EXCEPTION 'only a steward vouches for a recovery' USING ERRCODE = 'check_violation';
    END IF;
END $$;
"""
PARIS = "(now() AT TIME ZONE 'Europe/Paris')::date"
EXACTLY = HOLDS.format(latest_start=PARIS, earliest_end=PARIS)
FORMERLY = HOLDS.format(latest_start="CURRENT_DATE + 1", earliest_end="CURRENT_DATE - 1")


class Migration(migrations.Migration):
    dependencies = [("accounts", "0011_linked_identities")]
    operations = [migrations.RunSQL(EXACTLY, FORMERLY)]
