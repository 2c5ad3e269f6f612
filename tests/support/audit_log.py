"""The append-only tables of the audit log, in a database of tests."""

SEALED_TABLES = ("audit_event", "audit_seal", "audit_checkpoint")


def let_tests_empty_the_log() -> None:
    """Switch off the triggers that refuse TRUNCATE, with which Django empties tables between tests. Others stay on."""
    from django.db import connection

    with connection.cursor() as cursor:
        for table in SEALED_TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_not_emptied")
