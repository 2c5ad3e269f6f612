"""The application's database roles: they add to the audit log, and can neither change nor remove anything of it.

The portal's role sees, of the tables that row-level security protects, the rows of the person who asks; the workers'
role sees them all (apps/core/row_security.py).
"""

from collections.abc import Iterable

from django.db import connection
from psycopg import sql

from apps.audit.models import Event

APPEND_ONLY = ("audit_seal", "audit_checkpoint", "audit_verification")
SEALED_TABLES = ("audit_event", "audit_seal", "audit_checkpoint")
NOT_GIVEN = ("id",)  # like `xid`, it comes from the database alone


class RoleError(Exception):
    """The role cannot be what it should be. The message says why."""


def role_prepare(role: str, password: str | None, *, sees_all: bool = False) -> None:
    """Make the role, or bring its rights up to date; to be run by the owner of the tables after each migration.

    `sees_all` is for the workers' role, which asks in nobody's name.

    Raises RoleError when the role is a superuser or owns an audit table: rights would not bind it.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = %s", [role])
        found = cursor.fetchone()
        if found and (found[0] or _owns(role)):
            raise RoleError(f"{role} is a superuser or owns the audit tables: use another role for the application")
        if not found:
            cursor.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
        if password:
            cursor.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(password)))
        for statement in _rights(role):
            cursor.execute(statement)
        for table in _tables_with_hidden_rows():
            _policy_renew(role, table, sees_all=sees_all)


def _tables_with_hidden_rows() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT relname FROM pg_class WHERE relrowsecurity AND relnamespace = 'public'::regnamespace")
        return [table for (table,) in cursor.fetchall()]


def _policy_renew(role: str, table: str, *, sees_all: bool) -> None:
    names = {
        "policy": sql.Identifier(f"{role}_sees_all"),
        "table": sql.Identifier(table),
        "role": sql.Identifier(role),
    }
    statements = ["DROP POLICY IF EXISTS {policy} ON {table}"]
    if sees_all:
        statements.append("CREATE POLICY {policy} ON {table} TO {role} USING (true) WITH CHECK (true)")
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(sql.SQL(statement).format(**names))


def sees_whole_log() -> bool:
    """Whether the role of this very connection sees every event, and not only those of a person who asks."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT NOT row_security_active('audit_event') OR EXISTS (SELECT FROM pg_policies"
            " WHERE tablename = 'audit_event' AND qual = 'true' AND current_user = ANY (roles))"
        )
        return bool(cursor.fetchone()[0])


def _owns(role: str) -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT EXISTS (SELECT FROM pg_tables WHERE tablename = ANY(%s) AND tableowner = %s)",
            [list(SEALED_TABLES), role],
        )
        return bool(cursor.fetchone()[0])


def _rights(role: str) -> list[sql.Composed]:
    columns = [field.attname for field in Event._meta.concrete_fields if field.attname not in NOT_GIVEN]
    names = {
        "role": sql.Identifier(role),
        "database": sql.Identifier(connection.settings_dict["NAME"]),
        "columns": _listed(columns),
        "append_only": _listed(APPEND_ONLY),
    }
    statements = (
        "GRANT CONNECT, TEMPORARY ON DATABASE {database} TO {role}",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC, {role}",
        "GRANT USAGE ON SCHEMA public TO {role}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role}",
        "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {role}",
        "REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM {role}",
        "REVOKE ALL ON audit_event, {append_only} FROM {role}",
        "GRANT SELECT ON audit_event TO {role}",
        "GRANT INSERT ({columns}) ON audit_event TO {role}",
        "GRANT SELECT, INSERT ON {append_only} TO {role}",
        "REVOKE DELETE ON audit_auditsubject FROM {role}",
    )
    return [sql.SQL(statement).format(**names) for statement in statements]


def _listed(names: Iterable[str]) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(name) for name in names)


def excessive_rights() -> list[str]:
    """What the role of this very connection could do to sealed tables and should not, such as "UPDATE audit_event"."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT right_name || ' ' || table_name"
            " FROM unnest(%s::text[]) AS table_name, unnest(%s::text[]) AS right_name"
            " WHERE has_table_privilege(table_name, right_name) ORDER BY 1",
            [list(SEALED_TABLES), ["UPDATE", "DELETE", "TRUNCATE", "TRIGGER"]],
        )
        return [found for (found,) in cursor.fetchall()]
