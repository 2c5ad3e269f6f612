"""Reviews app: the yearly review of who may do what."""

from importlib import import_module

from django.apps import AppConfig


class ReviewsConfig(AppConfig):
    name = "apps.reviews"

    def ready(self) -> None:
        import_module("apps.reviews.mails")
        import_module("apps.reviews.tasks")
