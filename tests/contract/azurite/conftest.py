"""Azurite, the imitation of Azure's storage that Microsoft publishes, as a process of its own."""

import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.preflight import chosen_port
from tests.support.cloud_fixtures import bench, workspace  # noqa: F401  fixtures

VERSION = "3.35.0"
HOME = REPOSITORY / "var" / "azurite"


def _program() -> Path:
    """Azurite's blob service, installed by npm once; skips where it cannot be."""
    program = HOME / "node_modules" / ".bin" / "azurite-blob"
    if program.exists():
        return program
    if shutil.which("npm") is None:
        pytest.skip("npm is not here: Azurite cannot be installed")
    HOME.mkdir(parents=True, exist_ok=True)
    command = ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(HOME), f"azurite@{VERSION}"]
    made = subprocess.run(command, capture_output=True, text=True, check=False, timeout=280)
    if made.returncode:
        pytest.skip(f"npm cannot install Azurite: {made.stderr[-200:]}")
    return program


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Its address, such as http://127.0.0.1:41234."""
    program, port = _program(), chosen_port(0, "AZURITE_PORT")
    options = ["--blobHost", "127.0.0.1", "--blobPort", str(port), "--silent", "--disableTelemetry"]
    location = ["--location", str(tmp_path_factory.mktemp("azurite"))]
    process = subprocess.Popen([str(program), *options, *location], stdout=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str) -> None:
    deadline = time.monotonic() + 90
    while True:
        try:
            requests.get(address, timeout=5)
        except requests.ConnectionError:
            assert time.monotonic() < deadline, "Azurite does not answer"
            time.sleep(0.2)
        else:
            return
