"""The refusals of the API, each with the status and the body that clients are written against."""

from typing import Any

JSON = Any


class ApiError(Exception):
    """A refusal: HTTP status and JSON body (None: no body at all)."""

    def __init__(self, status: int, body: dict[str, JSON] | None) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def not_found(resource: str, resource_id: str) -> ApiError:
    body = {"message": "resource is not found", "resource": resource, "resource_id": resource_id, "type": "not_found"}
    return ApiError(404, body)


def invalid_arguments(*details: tuple[str, str, str]) -> ApiError:
    """Each detail: argument name, reason (required, format, constraint, unknown), help message."""
    listed = [{"argument_name": name, "help_message": text, "reason": reason} for name, reason, text in details]
    return ApiError(400, {"details": listed, "message": "invalid argument(s)", "type": "invalid_arguments"})


def permissions_denied(resource: str, action: str) -> ApiError:
    details = [{"action": action, "resource": resource}]
    return ApiError(403, {"details": details, "message": "insufficient permissions", "type": "permissions_denied"})


def denied_authentication(reason: str, method: str = "api_key") -> ApiError:
    """Reason: not_found, expired or invalid_argument."""
    body = {"message": "authentication is denied", "method": method, "reason": reason, "type": "denied_authentication"}
    return ApiError(401, body)


def quotas_exceeded(resource: str, quota: int, current: int) -> ApiError:
    details = [{"resource": resource, "quota": quota, "current": current}]
    return ApiError(
        403, {"details": details, "message": "quota(s) exceeded for this resource", "type": "quotas_exceeded"}
    )


def out_of_stock(resource: str) -> ApiError:
    return ApiError(503, {"message": "resource is out of stock", "resource": resource, "type": "out_of_stock"})


def transient_state(resource: str, resource_id: str, current_state: str) -> ApiError:
    body = {
        "current_state": current_state,
        "message": "resource is in a transient state",
        "resource": resource,
        "resource_id": resource_id,
        "type": "transient_state",
    }
    return ApiError(409, body)


def conflict(resource: str, resource_id: str, help_message: str) -> ApiError:
    body = {
        "help_message": help_message,
        "message": "resource is still in use",
        "precondition": "resource_still_in_use",
        "resource": resource,
        "resource_id": resource_id,
        "type": "precondition_failed",
    }
    return ApiError(409, body)


def precondition_failed(precondition: str, help_message: str) -> ApiError:
    body = {
        "help_message": help_message,
        "message": "precondition is not respected",
        "precondition": precondition,
        "type": "precondition_failed",
    }
    return ApiError(412, body)


def rate_limited() -> ApiError:
    """The real service answers an empty 429, with no hint of when to come back."""
    return ApiError(429, None)


def unknown_route() -> ApiError:
    return ApiError(404, {"message": "route not found", "type": "unknown_resource"})
