"""The refusals of object storage: XML, a code and a message."""

from xml.sax.saxutils import escape


class S3Error(Exception):
    """A refusal; `resource` is the path it concerns, `extra` further elements."""

    def __init__(self, status: int, code: str, message: str, resource: str = "", **extra: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code
        self.message = message
        self.resource = resource
        self.extra = extra

    def xml(self, request_id: str) -> str:
        parts = {
            "Code": self.code,
            "Message": self.message,
            "RequestId": request_id,
            "HostId": request_id,
            "Resource": self.resource,
            **self.extra,
        }
        inner = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in parts.items())
        return f"<Error>{inner}</Error>"


def no_such_bucket(name: str, path: str = "") -> S3Error:
    return S3Error(404, "NoSuchBucket", "The specified bucket does not exist", path or f"/{name}")


def no_such_key(bucket: str, key: str) -> S3Error:
    return S3Error(404, "NoSuchKey", "The specified key does not exist.", f"/{bucket}/{key}", Key=key)


def access_denied(path: str) -> S3Error:
    return S3Error(403, "AccessDenied", "Access Denied.", path)


def invalid_argument(message: str, path: str) -> S3Error:
    return S3Error(400, "InvalidArgument", message, path)


def malformed(message: str, path: str) -> S3Error:
    return S3Error(400, "MalformedXML", message, path)
