"""The process that stands beside one sandbox: opens its listening socket outside, starts it, and buries it.

Run as `python -I -S supervisor.py PLAN.json`, with an empty environment; only the standard library, no import from
the portal. It detaches itself (double fork, own session), so that it survives the worker that asked for it; the
sandbox dies with it. It restarts nothing: what should run is a row, and reconciling is the worker's business. Only
one lives per workspace: it holds an exclusive lock on `lock` as long as it lives, and the kernel releases that lock
whatever kills it.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, NoReturn

LISTEN_FD, REPORT_FD, FILTER_FD, OPTIONS_FD = 10, 11, 12, 13
LOG_BYTES = 256 * 1024
REPORT_BYTES = 64 * 1024
SELF_TEST_SECONDS = 20.0
_CLONE_NEWNS = 0x00020000
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = 1, 2, 4, 32, 4096, 16384, 1 << 18
_PR_SET_CHILD_SUBREAPER = 36

_libc = ctypes.CDLL(None, use_errno=True)


def main(plan_path: str) -> None:
    plan = json.loads(Path(plan_path).read_text())
    room = Path(plan["room"])
    lock = os.open(room / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    if not _take(lock):
        return
    (room / "self_test.json").unlink(missing_ok=True)
    _detach(lock)
    _write(room / "supervisor.json", {"pid": os.getpid(), "start": start_time(os.getpid()), "plan": plan["id"]})
    ending = {"reason": "ended"}
    try:
        ending = _watch(plan, room)
    except OSError as error:
        ending = {"reason": f"could not start: {error.strerror} ({error.filename or 'sandbox'})"}
    finally:
        _write(room / "ended.json", ending)
        _clean(plan)


def start_time(pid: int) -> int:
    """When a process started, in clock ticks since boot: with the number, it names a process for good."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19])


def _take(lock: int) -> bool:
    """Whether the lock is this process's now. Someone who asks whether it is held holds it for that instant."""
    for _ in range(10):
        with contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        time.sleep(0.02)
    return False


def _detach(lock: int) -> None:
    """Leave the worker, which goes on once the lock is held: whoever observes from then on sees a living supervisor.
    The lock goes along with its descriptor."""
    if os.fork():
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    os.chdir("/")
    os.umask(0o077)
    nothing = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nothing, descriptor)
    os.closerange(3, lock)
    os.closerange(lock + 1, 1024)
    _libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _watch(plan: dict[str, Any], room: Path) -> dict[str, str]:
    listener = _listen(Path(plan["socket"]))
    report_read, report_write = os.pipe2(os.O_CLOEXEC)
    log_read, log_write = os.pipe2(os.O_CLOEXEC)
    wake_read, wake_write = os.pipe2(os.O_CLOEXEC | os.O_NONBLOCK)
    signal.set_wakeup_fd(wake_write)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD):
        signal.signal(number, lambda *_: None)
    if plan["stage"]:
        _stage(plan["stage"])
    child = os.fork()
    if child == 0:
        _become_sandbox(plan, listener.fileno(), report_write, log_write)
    for descriptor in (report_write, log_write, listener.detach()):
        os.close(descriptor)
    return _Watch(child, room, {"report": report_read, "log": log_read, "wake": wake_read}).run()


def _listen(path: Path) -> socket.socket:
    """Open the door outside: only its descriptor goes in. Bound through its directory, for paths of any length."""
    os.chdir(path.parent)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    Path(path.name).unlink(missing_ok=True)
    listener.bind(path.name)
    listener.listen(128)
    os.chdir("/")
    return listener


def _stage(mounts: list[dict[str, Any]]) -> None:
    """As root: show each source at a short path in a private mount namespace, since the workspace's own user may not
    pass through the directories above it. Mounted read-only out here, they cannot be made writable from inside."""
    _check(_libc.unshare(_CLONE_NEWNS), "unshare")
    _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    sources = [os.open(one["source"], os.O_PATH) for one in mounts if not one["image"]]
    _mount("tmpfs", "/mnt", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=755,size=1m")
    for one in mounts:
        target = Path(one["staged"])
        if one["image"]:
            _passable(target)
            command = ["/usr/bin/mount", "-o", "loop,nosuid,nodev", one["source"], str(target)]
            subprocess.run(command, check=True, env={"PATH": "/usr/sbin:/usr/bin"})  # noqa: S603
            continue
        _bind(sources.pop(0), target, read_only=one["read_only"])


def _bind(source: int, target: Path, *, read_only: bool) -> None:
    if Path(f"/proc/self/fd/{source}").is_dir():
        _passable(target)
    else:
        target.touch()
    _mount(f"/proc/self/fd/{source}", str(target), None, _MS_BIND)
    flags = _MS_REMOUNT | _MS_BIND | _MS_NOSUID | _MS_NODEV | (_MS_RDONLY if read_only else 0)
    _mount(None, str(target), None, flags)
    os.close(source)


def _passable(directory: Path) -> None:
    """Make a directory that the workspace's user may pass through, whatever this process's umask."""
    directory.mkdir()
    directory.chmod(0o755)


def _mount(source: str | None, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    encoded = [text.encode() if text is not None else None for text in (source, target, kind, data)]
    _check(_libc.mount(encoded[0], encoded[1], encoded[2], ctypes.c_ulong(flags), encoded[3]), target)


def _check(answer: int, what: str) -> None:
    if answer != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error), what)


def _become_sandbox(plan: dict[str, Any], listener: int, report: int, log: int) -> NoReturn:
    try:
        _restore_signals()
        program, options = (os.open(plan[name], os.O_RDONLY) for name in ("filter", "options"))
        moved = [fcntl.fcntl(one, fcntl.F_DUPFD, 50) for one in (listener, report, program, options)]
        for descriptor, number in zip(moved, (LISTEN_FD, REPORT_FD, FILTER_FD, OPTIONS_FD), strict=True):
            os.dup2(descriptor, number)
        os.dup2(log, 1)
        os.dup2(log, 2)
        for processes in plan["groups"]:
            Path(processes).write_text("0")
        _limit_and_drop(plan)
        os.closerange(OPTIONS_FD + 1, 1024)
        os.closerange(3, LISTEN_FD)
        os.execve(plan["argv"][0], plan["argv"], {})  # noqa: S606
    except BaseException as error:
        os.write(2, f"{error}\n".encode())
    os._exit(127)


def _restore_signals() -> None:
    signal.set_wakeup_fd(-1)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)


def _limit_and_drop(plan: dict[str, Any]) -> None:
    for name, value in plan["rlimits"].items():
        _, hard = resource.getrlimit(getattr(resource, name))
        ceiling = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(getattr(resource, name), (ceiling, ceiling))
    if plan["uid"] is not None:
        os.setgroups([])
        os.setresgid(plan["uid"], plan["uid"], plan["uid"])
        os.setresuid(plan["uid"], plan["uid"], plan["uid"])


class _Watch:
    """One sandbox until it is gone: keep its self-test, keep the head of its log, obey a request to stop."""

    def __init__(self, child: int, room: Path, pipes: dict[str, int]) -> None:
        self.child, self.room = child, room
        self.names = {descriptor: name for name, descriptor in pipes.items()}
        self.log = os.open(room / "log", os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        self.log_left = LOG_BYTES
        self.report = b""
        self.ending = {"reason": "ended"}
        self.deadline = time.monotonic() + SELF_TEST_SECONDS

    def run(self) -> dict[str, str]:
        """Returns how it ended."""
        waiting = select.poll()
        for descriptor in self.names:
            waiting.register(descriptor, select.POLLIN)
        while not _all_gone():
            for descriptor, _ in waiting.poll(self._patience()):
                data = os.read(descriptor, 65536)
                if data:
                    getattr(self, f"on_{self.names[descriptor]}")(data)
                else:
                    waiting.unregister(descriptor)
        return self.ending

    def _patience(self) -> int | None:
        """Milliseconds to wait for news: none in particular once the self-test is known; without it, the end comes."""
        if (self.room / "self_test.json").exists():
            return None
        if time.monotonic() > self.deadline:
            self._end("isolation self-test did not end")
        return 500

    def on_log(self, data: bytes) -> None:
        os.write(self.log, data[: self.log_left])
        self.log_left = max(0, self.log_left - len(data))

    def on_report(self, data: bytes) -> None:
        self.report = (self.report + data)[:REPORT_BYTES]
        if not _self_test_holds(self.report, self.room):
            self._end("isolation self-test failed")

    def on_wake(self, data: bytes) -> None:
        if signal.SIGTERM in data or signal.SIGINT in data:
            self._end("stopped")

    def _end(self, reason: str) -> None:
        self.ending = {"reason": reason}
        _kill(self.child)


def _kill(child: int) -> None:
    """The sandbox's first process takes all others with it; asked twice, it may be gone already."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)


def _self_test_holds(report: bytes, room: Path) -> bool:
    """Keep the first complete line as the self-test; the sandbox may not continue if any attempt escaped."""
    line, end, _ = report.partition(b"\n")
    if not end or (room / "self_test.json").exists():
        return True
    try:
        attempts = json.loads(line)["attempts"]
        escapes = [str(name) for name, escaped in attempts.items() if escaped is not False]
        _write(room / "self_test.json", {"attempts": len(attempts), "escapes": escapes})
    except (ValueError, KeyError, AttributeError, TypeError):
        return False
    return not escapes


def _all_gone() -> bool:
    """Bury every descendant that ended (this process adopts orphans); True when none is left."""
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return True
        if pid == 0:
            return False


def _clean(plan: dict[str, Any]) -> None:
    for leftover in (plan["socket"], str(Path(plan["room"]) / "supervisor.json")):
        with contextlib.suppress(FileNotFoundError):
            Path(leftover).unlink()
    for processes in plan["groups"]:
        for _ in range(50):
            try:
                Path(processes).parent.rmdir()
                break
            except FileNotFoundError:
                break
            except OSError:
                time.sleep(0.02)


def _write(path: Path, content: dict[str, Any]) -> None:
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(json.dumps(content))
    temporary.rename(path)


if __name__ == "__main__":
    main(sys.argv[1])
