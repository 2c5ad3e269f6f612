from django.db import migrations

TABLES = ("audit_event", "audit_seal", "audit_checkpoint")

# The transaction that inserts a row, whatever the application says, and the order in which the sealer takes rows.
ORDER = """
ALTER TABLE audit_event ADD COLUMN xid xid8 NOT NULL DEFAULT pg_current_xact_id();
CREATE INDEX event_in_order ON audit_event (xid, id);
"""
DISORDER = "ALTER TABLE audit_event DROP COLUMN xid;"

FUNCTION = """
CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
"""
FORBID = """
CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_is_append_only();
CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only();
"""
ALLOW = """
DROP TRIGGER {table}_append_only ON {table};
DROP TRIGGER {table}_not_emptied ON {table};
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial")]
    operations = [
        migrations.RunSQL(ORDER, DISORDER),
        migrations.RunSQL(FUNCTION, "DROP FUNCTION audit_is_append_only();"),
        *(migrations.RunSQL(FORBID.format(table=table), ALLOW.format(table=table)) for table in TABLES),
    ]
