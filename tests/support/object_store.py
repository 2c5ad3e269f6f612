"""A real S3 server on loopback, in a thread of this process."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from moto.server import ThreadedMotoServer

from apps.extracts.engine import places
from apps.extracts.engine.places import ObjectPath


@contextmanager
def object_store(bucket: str) -> Iterator[ObjectPath]:
    """An empty bucket, found by the variables by which boto3 finds any other."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    variables = {
        "AWS_ENDPOINT_URL_S3": f"http://{host}:{port}",
        "AWS_ACCESS_KEY_ID": "somebody",
        "AWS_SECRET_ACCESS_KEY": "something",
        "AWS_DEFAULT_REGION": "us-east-1",
    }
    try:
        with patch.dict(os.environ, variables):
            places._client.cache_clear()
            places._client().create_bucket(Bucket=bucket)
            yield ObjectPath(bucket, "")
    finally:
        places._client.cache_clear()
        server.stop()


def download(place: ObjectPath, folder: Path) -> Path:
    """A copy of a prefix, as files."""
    for name in places.files_under(place):
        places.fetch(place / name, folder / name)
    return folder


def upload(folder: Path, place: ObjectPath) -> ObjectPath:
    """A copy of a folder, as objects."""
    for name in places.files_under(folder):
        (place / name).put(folder / name)
    return place
