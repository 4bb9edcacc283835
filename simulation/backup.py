"""A copy of the whole database in memory, and putting it back: what an operator does with pg_dump and psql."""

from django.apps import apps
from django.db import connection

APPS = ("integrations", "instructors", "events")
Backup = dict[str, bytes]


def tables() -> list[str]:
    models = [model for label in APPS for model in apps.get_app_config(label).get_models(include_auto_created=True)]
    return [model._meta.db_table for model in models]


def empty() -> None:
    """Forget everything, the numbers of rows too."""
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(tables())} RESTART IDENTITY CASCADE")


def take() -> Backup:
    found: Backup = {}
    with connection.cursor() as cursor:
        for table in tables():
            with cursor.cursor.copy(f"COPY {table} TO STDOUT") as copy:
                found[table] = b"".join(bytes(part) for part in copy)
    return found


def put_back(backup: Backup) -> None:
    """Make the database what it was. Rows that came since are gone, and their numbers are given again."""
    with connection.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
        cursor.execute(f"TRUNCATE {', '.join(tables())} CASCADE")
        for table, rows in backup.items():
            with cursor.cursor.copy(f"COPY {table} FROM STDIN") as copy:
                copy.write(rows)
        for table in backup:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence(%s, 'id'), coalesce(max(id), 0) + 1, false) FROM {table}",  # noqa: S608
                [table],
            )
        cursor.execute("COMMIT")
