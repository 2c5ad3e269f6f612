"""Documents whose process died between the file and the row: nobody knows of them, so they are erased.

Whoever adds a document holds a lock, shared, until its row is committed or given up. Strays are judged only while
nobody holds it, so that a file which waits for its commit, however long, is never taken for one.
"""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.utils import Error as DatabaseError

from apps.applications.models import Attachment

log = structlog.get_logger(__name__)

LOCK = 0x68_64_68_5F_64_6F_63
SWEEP_AFTER_SECONDS = 20.0
# A process that dies leaves one for each of its threads. More are no accident: an older database was restored, say.
MOST = 16


_other_rooms: list[Callable[[], Iterable[str]]] = []


def files_kept_by(names: Callable[[], Iterable[str]]) -> None:
    """Have the files that another room keeps in the same folder left alone: `names` gives them all, from its rows."""
    if names not in _other_rooms:
        _other_rooms.append(names)


class TooManyStrays(Exception):
    """So many files without a row were not left by a process that died: an operator has to look."""


def addition_announce() -> None:
    """To be called in the transaction of a new document, before its file is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [LOCK])


def strays_erase() -> int | None:
    """Erase the files that no row knows; returns how many, None when somebody is adding a document right now.

    Raises TooManyStrays, and erases nothing, when there are more than an accident leaves, or when this process does
    not see every row.
    """
    if not _unknown(_files()):
        return 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_try_advisory_xact_lock(%s), row_security_active(%s)", [LOCK, Attachment._meta.db_table]
        )
        is_mine, sees_some_rows_only = cursor.fetchone()
        if not is_mine:
            return None
        strays = _unknown(_files())
        if len(strays) > MOST or sees_some_rows_only:
            raise TooManyStrays(f"{len(strays)} documents have no row")
        for file in strays:
            file.unlink(missing_ok=True)
    log.warning("stray_documents_erased", files=len(strays))
    return len(strays)


def strays_erase_soon() -> None:
    """For a web process that starts, perhaps after one that died: sweep in a moment, until it succeeded once."""
    timer = threading.Timer(SWEEP_AFTER_SECONDS, _sweep)
    timer.daemon = True
    timer.start()


def _sweep() -> None:
    try:
        if strays_erase() is None:
            strays_erase_soon()
    except (DatabaseError, OSError) as error:
        log.warning("stray_documents_not_swept", error=type(error).__name__)
        strays_erase_soon()
    except TooManyStrays as error:
        log.error("stray_documents_kept", reason=str(error))
    finally:
        connection.close()


def _files() -> list[Path]:
    folder = settings.MEDIA_DIR
    return [path for path in folder.rglob("*") if path.is_file()] if folder else []


def _unknown(files: Iterable[Path]) -> list[Path]:
    """Those whose name, half-written ones included, is in no row."""
    known = set(Attachment.objects.values_list("storage_key", flat=True))
    for names in _other_rooms:
        known.update(names())
    return [file for file in files if file.name.partition(".")[0] not in known or file.suffix]
