"""Work is done again only when its inputs changed, and by one at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from hdh_portal.devstack.places import REPOSITORY
from hdh_portal.devstack.stamps import Stamp, alone, digest, digest_of_tree


def test_a_stamp_holds_for_the_inputs_it_was_written_for(tmp_path: Path) -> None:
    stamp = Stamp(tmp_path / "deep" / "stamp")
    assert not stamp.holds("one")
    stamp.write("one")
    assert stamp.holds("one")
    assert not stamp.holds("two")


def test_parts_are_not_confused_with_their_concatenation() -> None:
    assert digest("ab", "c") != digest("a", "bc")
    assert digest("ab") == digest(b"ab")


def test_a_tree_changes_with_names_and_contents_but_not_with_compiled_python(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("1")
    before = digest_of_tree([tmp_path])
    (tmp_path / "a.pyc").write_text("compiled")
    assert digest_of_tree([tmp_path]) == before
    (tmp_path / "a.py").rename(tmp_path / "b.py")
    renamed = digest_of_tree([tmp_path])
    assert renamed != before
    (tmp_path / "b.py").write_text("2")
    assert digest_of_tree([tmp_path]) != renamed


def test_a_missing_file_counts_as_empty(tmp_path: Path) -> None:
    assert digest(tmp_path / "missing") == digest(b"")


@pytest.mark.parametrize("held", [True, False])
def test_the_second_waits_for_the_first_and_says_so(tmp_path: Path, held: bool) -> None:
    script = (
        "import sys; from pathlib import Path; from hdh_portal.devstack.stamps import alone\n"
        "with alone(Path(sys.argv[1]), 'waiting'): print('inside', flush=True)"
    )
    lock = tmp_path / "lock"
    command = [sys.executable, "-c", script, str(lock)]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    if not held:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["inside"]
        return
    with alone(lock, "never said"):
        second = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
        assert second.stdout is not None
        assert second.stdout.readline().strip() == "waiting"
    assert second.stdout.read().strip() == "inside"
    second.stdout.close()
    assert second.wait() == 0
