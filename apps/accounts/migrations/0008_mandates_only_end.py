"""A mandate once given can only end, or end earlier: another role or a later end is another mandate."""

from django.db import migrations

GUARD = """
CREATE FUNCTION accounts_mandate_keeps_its_terms() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.person_id IS DISTINCT FROM OLD.person_id
        OR NEW.organisation_id IS DISTINCT FROM OLD.organisation_id
        OR NEW.role IS DISTINCT FROM OLD.role
        OR NEW.may_sign IS DISTINCT FROM OLD.may_sign
        OR NEW.given_by_id IS DISTINCT FROM OLD.given_by_id
        OR NEW.starts_on IS DISTINCT FROM OLD.starts_on
        OR (OLD.ends_on IS NOT NULL AND (NEW.ends_on IS NULL OR NEW.ends_on > OLD.ends_on))
    THEN
        RAISE EXCEPTION 'a mandate once given can only be ended, or end earlier' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_mandate_only_ends BEFORE UPDATE ON accounts_mandate
    FOR EACH ROW EXECUTE FUNCTION accounts_mandate_keeps_its_terms();
"""
UNGUARD = """
DROP TRIGGER accounts_mandate_only_ends ON accounts_mandate;
DROP FUNCTION accounts_mandate_keeps_its_terms();
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_organisations_and_mandates")]
    operations = [migrations.RunSQL(GUARD, UNGUARD)]
