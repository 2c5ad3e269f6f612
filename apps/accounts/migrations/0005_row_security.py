"""Who asks, for the policies of tables whose rows only some people see (apps/core/row_security.py)."""

from django.db import migrations

WHO_ASKS = """
CREATE FUNCTION hdh_person() RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT NULLIF(current_setting('hdh.person', true), '')::uuid
$$;
COMMENT ON FUNCTION hdh_person() IS 'the person in whose name this connection asks; NULL for nobody';

CREATE FUNCTION hdh_has_role(VARIADIC roles text[]) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT EXISTS (
        SELECT FROM accounts_staffrole r JOIN accounts_person p ON p.id = r.person_id AND p.is_active
        WHERE r.person_id = hdh_person() AND r.role = ANY (roles)
            AND r.starts_on <= (now() AT TIME ZONE 'Europe/Paris')::date
            AND (r.ends_on IS NULL OR r.ends_on >= (now() AT TIME ZONE 'Europe/Paris')::date)
    )
$$;
COMMENT ON FUNCTION hdh_has_role(text[]) IS 'whether that person holds one of these roles on the platform today';
"""
NOBODY_ASKS = "DROP FUNCTION hdh_has_role(text[]); DROP FUNCTION hdh_person();"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_passkey_challenge")]
    operations = [migrations.RunSQL(WHO_ASKS, NOBODY_ASKS)]
