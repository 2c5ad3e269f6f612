"""The grants of people on single objects: the only caller of guardian's assign and remove.

A model takes part by having its own permission table (a UserObjectPermissionBase with a direct foreign key).
"""

from typing import Any, cast

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model, QuerySet
from guardian.utils import get_user_obj_perms_model

from apps.accounts.models import Person


def grant(person: Person, codename: str, obj: Model) -> None:
    """Give the person a permission on the object; once is enough. Raises Permission.DoesNotExist for an unknown one."""
    _grants(type(obj)).assign_perm(codename, person, obj)


def withdraw(person: Person, codename: str, obj: Model) -> None:
    """Take a permission on the object away; one that was never given is already away."""
    _grants(type(obj)).remove_perm(codename, person, obj)


def granted_ids(person: Person, codename: str, model: type[Model]) -> QuerySet[Any, Any]:
    """The identifiers of the objects of `model` on which the person holds the permission; one query, or a subquery."""
    rows = _grants(model).filter(user=person, permission__codename=codename)
    return cast("QuerySet[Any, Any]", rows.values_list("content_object_id", flat=True))


def granted_people(codename: str, obj: Model) -> QuerySet[Person]:
    """The people who hold the permission on the object; one query."""
    rows = _grants(type(obj)).filter(content_object=obj, permission__codename=codename)
    return Person.objects.filter(pk__in=rows.values("user_id"))


def _grants(model: type[Model]) -> Any:
    """The manager of the model's own permission table: guardian's, which it does not type."""
    manager: Any = get_user_obj_perms_model(cast(Any, model))._default_manager
    if manager.is_generic():
        raise ImproperlyConfigured(f"{model.__name__} has no permission table of its own")
    return manager
