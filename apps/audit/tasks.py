"""Celery tasks of the audit log."""

from celery import shared_task

from apps.audit import watch


@shared_task(name="audit.seal")
def audit_seal() -> None:
    watch.seal_now()


@shared_task(name="audit.verify")
def audit_verify(whole: bool) -> None:
    watch.verify_now(whole=whole)
