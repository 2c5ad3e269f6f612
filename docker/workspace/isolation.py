"""Attempts to leave the sandbox, run from inside it before anything else, with nothing but the standard library.

Each attempt answers whether it got out. The launcher reports them to the supervisor, which kills the sandbox if one
did; the provider's `check` runs them with canaries (sockets, files and a process planted on the host) that must stay
out of reach.
"""

import errno
import fcntl
import os
import pty
import resource
import socket
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from forbidden_calls import system_calls

Attempt = Callable[[], object]
"""Returns something true if it got out; raising OSError means that the attempt was refused."""

_TIOCSTI, _TIOCLINUX, _SIOCSIFFLAGS = 0x5412, 0x541C, 0x8914
_NETLINK = {
    "diagnostics": 4,
    "xfrm": 6,
    "audit": 9,
    "connector": 11,
    "netfilter": 12,
    "uevent": 15,
    "generic": 16,
    "crypto": 21,
}
_FAMILIES = {
    "packet": 17,
    "can": 29,
    "tipc": 30,
    "bluetooth": 31,
    "alg": 38,
    "vsock": 40,
    "kcm": 41,
    "qipcrtr": 42,
    "xdp": 44,
}
_UNWRITABLE = ("/", "/usr", "/etc", "/dev", "/data", "/opt", "/opt/hdh", "/home", "/proc", sys.prefix, sys.base_prefix)
_KERNEL_FILES = (
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/kernel/hostname",
    "/proc/sys/net/ipv4/ip_forward",
    "/proc/sys/user/max_user_namespaces",
    "/proc/sysrq-trigger",
)
_HIDDEN = (
    "/etc/shadow",
    "/root/.ssh",
    "/sys/kernel",
    "/sys/fs/cgroup",
    "/run/systemd",
    "/var/lib/dpkg",
    "/boot/grub",
)
_DEVICES = (
    "/dev/mem",
    "/dev/kmsg",
    "/dev/vda",
    "/dev/sda",
    "/dev/loop-control",
    "/dev/fuse",
    "/dev/kvm",
    "/dev/net/tun",
)
_CAPABILITIES = ("CapEff", "CapPrm", "CapInh", "CapAmb")
_ENVIRONMENT = {
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "PATH",
    "PWD",
    "SHELL",
    "TERM",
    "TMPDIR",
    "TZ",
    "USER",
    "MPLBACKEND",
    "PYTHONDONTWRITEBYTECODE",
}


def run(canaries: dict[str, Any]) -> dict[str, object]:
    """Every attempt by name: False when it was contained, True or the error when it was not."""
    attempts: dict[str, Attempt] = {
        **system_calls(),
        **_network(),
        **_files(),
        **_processes(),
        **_against(canaries),
    }
    return {name: _outcome(attempt) for name, attempt in attempts.items()}


def _outcome(attempt: Attempt) -> object:
    try:
        return bool(attempt())
    except OSError:
        return False
    except Exception as error:  # an attempt that breaks proves nothing: it counts as an escape
        return f"{type(error).__name__}: {error}"


def _network() -> dict[str, Attempt]:
    attempts: dict[str, Attempt] = {
        "net_internet_v4": lambda: _connect(socket.AF_INET, ("1.1.1.1", 53)),
        "net_internet_v6": lambda: _connect(socket.AF_INET6, ("2606:4700:4700::1111", 53)),
        "net_metadata": lambda: _connect(socket.AF_INET, ("169.254.169.254", 80)),
        "net_private": lambda: _connect(socket.AF_INET, ("10.0.0.1", 443)),
        "net_udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53)),
        "net_broadcast": _broadcast,
        "net_names": lambda: socket.getaddrinfo("example.org", 80),
        "net_other_interfaces": lambda: [name for _, name in socket.if_nameindex() if name != "lo"],
        "net_raw_icmp": lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1),
        "net_ping_socket": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1),
        "net_sctp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 132),
        "net_mptcp": lambda: socket.socket(socket.AF_INET, socket.SOCK_STREAM, 262),
        "net_dccp": lambda: socket.socket(socket.AF_INET, 6, 33),
        "net_lower_loopback": _lower_loopback,
        "net_create_interface": _create_interface,
    }
    for name, protocol in _NETLINK.items():
        attempts[f"net_netlink_{name}"] = lambda one=protocol: socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, one)  # type: ignore[misc]
    for name, family in _FAMILIES.items():
        attempts[f"net_family_{name}"] = lambda one=family: socket.socket(one, socket.SOCK_DGRAM, 0)  # type: ignore[misc]
    for port in (22, 53, 80, 5432, 6379, 8000, 8001):
        attempts[f"net_host_port_{port}"] = lambda one=port: _connect(socket.AF_INET, ("127.0.0.1", one))  # type: ignore[misc]
    return attempts


def _connect(family: int, address: Any) -> bool:
    with socket.socket(family, socket.SOCK_STREAM) as one:
        one.settimeout(0.5)
        one.connect(address)
    return True


def _broadcast() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        return one.sendto(b"x", ("255.255.255.255", 9)) > 0


def _lower_loopback() -> bool:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        fcntl.ioctl(one, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", 0))
    return True


def _create_interface() -> bool:
    """RTM_NEWLINK of a dummy interface over the one netlink family that is open: the kernel must answer EPERM."""
    kind = struct.pack("=HH6s2x", 10, 1, b"dummy\0")
    info = struct.pack("=HH", 4 + len(kind), 18) + kind
    body = struct.pack("=BxHiII", 0, 0, 0, 0, 0) + info
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as one:
        one.settimeout(1)
        one.send(struct.pack("=IHHII", 16 + len(body), 16, 0x605, 1, 0) + body)
        answer = one.recv(4096)
    return struct.unpack_from("=i", answer, 16)[0] == 0


def _files() -> dict[str, Attempt]:
    attempts: dict[str, Attempt] = {
        "file_change_data_mode": lambda: [one.chmod(one.stat().st_mode) for one in Path("/data").iterdir()],
        "file_touch_data": lambda: [os.utime(one) for one in Path("/data").iterdir()],
        "file_open_data_for_writing": lambda: [one.open("r+b") for one in Path("/data").iterdir() if one.is_file()],
        "file_link_data_home": lambda: [
            os.link(one, Path.home() / ".x") for one in Path("/data").iterdir() if one.is_file()
        ],
        "file_climb_out": lambda: Path("/home/../../../../../../etc/shadow").read_bytes(),
        "file_root_of_first_process": lambda: Path("/proc/1/root/etc/shadow").stat(),
        "file_kernel_core": lambda: Path("/proc/kcore").open("rb").close() or True,
        "file_setuid_works": lambda: not os.statvfs("/usr").f_flag & os.ST_NOSUID,
        "file_home_devices": lambda: not os.statvfs(Path.home()).f_flag & os.ST_NODEV,
        "file_unbounded_tmp": lambda: _bytes_of("/tmp") > 64 * 1024**3,  # noqa: S108
        "file_unbounded_shm": lambda: _bytes_of("/dev/shm") > 64 * 1024**3,  # noqa: S108
        "file_block_device": lambda: _make_device(stat.S_IFBLK, 254, 0),
        "file_memory_device": lambda: _make_device(stat.S_IFCHR, 1, 1),
        "file_inherited_descriptors": _unexpected_descriptors,
    }
    for path in _UNWRITABLE:
        attempts[f"file_write_{path}"] = lambda one=path: Path(one, ".escape").touch() or True  # type: ignore[misc]
    for path in _KERNEL_FILES:
        attempts[f"file_set_{path}"] = lambda one=path: Path(one).open("r+b").close() or True  # type: ignore[misc]
    for path in _HIDDEN:
        attempts[f"file_see_{path}"] = lambda one=path: Path(one).stat()  # type: ignore[misc]
    for path in _DEVICES:
        attempts[f"file_open_{path}"] = lambda one=path: os.open(one, os.O_RDONLY) > 0  # type: ignore[misc]
    return attempts


def _bytes_of(path: str) -> int:
    size = os.statvfs(path)
    return size.f_blocks * size.f_frsize


def _make_device(kind: int, major: int, minor: int) -> bool:
    os.mknod("/tmp/.device", kind | 0o666, os.makedev(major, minor))  # noqa: S108
    return True


def _unexpected_descriptors() -> list[str]:
    """Only standard streams, the listening socket, the report pipe, and what Python opened for this very listing."""
    found = []
    for link in Path("/proc/self/fd").iterdir():
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if int(link.name) > 2 and not target.startswith(("socket:", "pipe:", "/proc/")):
            found.append(f"{link.name} {target}")
    return found


def _processes() -> dict[str, Attempt]:
    return {
        "process_is_root": lambda: 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()),
        "process_become_root": lambda: os.setuid(0) or True,  # type: ignore[func-returns-value]
        "process_become_root_group": lambda: os.setgid(0) or True,  # type: ignore[func-returns-value]
        "process_become_other": lambda: os.setresuid(65534, 65534, 65534) or True,  # type: ignore[func-returns-value]
        "process_set_groups": lambda: os.setgroups([0]) or True,  # type: ignore[func-returns-value]
        "process_has_capabilities": lambda: [one for one in _CAPABILITIES if int(_status(one), 16)],
        "process_first_has_capabilities": lambda: [one for one in _CAPABILITIES if int(_status(one, 1), 16)],
        "process_first_unfiltered": lambda: (_status("NoNewPrivs", 1), _status("Seccomp", 1)) != ("1", "2"),
        "process_first_holds_host_files": _host_files_of_first,
        "process_may_gain_privileges": lambda: _status("NoNewPrivs") != "1",
        "process_unfiltered": lambda: _status("Seccomp") != "2",
        "process_sees_supervisor": lambda: [one for one in _commands() if b"supervisor" in one],
        "process_sees_many": lambda: len(_commands()) > 12,
        "process_environment": lambda: set(os.environ) - _ENVIRONMENT,
        "process_environment_of_first": lambda: Path("/proc/1/environ").read_bytes().strip(b"\0"),
        "process_realtime": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50)) or True,  # type: ignore[func-returns-value]
        "process_priority": lambda: os.setpriority(os.PRIO_PROCESS, 0, -20) or True,  # type: ignore[func-returns-value]
        "process_raise_limit": _raise_limit,
        "process_fork_without_limit": lambda: not 0 < resource.getrlimit(resource.RLIMIT_NPROC)[1] <= 100_000,
        "process_dump_memory_to_file": lambda: resource.getrlimit(resource.RLIMIT_CORE)[1] != 0,
        "process_unkillable": lambda: Path("/proc/self/oom_score_adj").write_text("-1000"),
        "process_shared_memory_of_host": lambda: Path("/proc/sysvipc/shm").read_text().splitlines()[1:],
        "process_controlling_terminal": lambda: os.open("/dev/tty", os.O_RDWR),
        "process_type_for_others": lambda: _type_into_terminal(_TIOCSTI, b"x"),
        "process_paste_for_others": lambda: _type_into_terminal(_TIOCLINUX, b"\x03"),
    }


def _raise_limit() -> bool:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard + 1))
    except ValueError:  # how Python says EPERM here
        return False
    return True


def _host_files_of_first() -> list[str]:
    """The sandbox's first process belongs to the same user, so whatever it held open would be anybody's."""
    targets = [str(link.readlink()) for link in Path("/proc/1/fd").iterdir()]
    return [one for one in targets if one != "/dev/null" and not one.startswith(("pipe:", "socket:", "anon_inode:"))]


def _status(key: str, pid: int | str = "self") -> str:
    lines = dict(line.split(":\t", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":\t" in line)
    return lines[key].strip()


def _commands() -> list[bytes]:
    return [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline")]


def _type_into_terminal(request: int, text: bytes) -> bool:
    """Only the filter's EPERM counts: without a filter the answer depends on the kernel's settings."""
    master, slave = pty.openpty()
    try:
        fcntl.ioctl(slave, request, text)
    except OSError as refused:
        return refused.errno != errno.EPERM
    finally:
        os.close(master)
        os.close(slave)
    return True


def _against(canaries: dict[str, Any]) -> dict[str, Attempt]:
    """What the host planted for this run: every one of them must be out of reach."""
    known: dict[str, Callable[[Any], object]] = {
        "loopback_port": lambda port: _connect(socket.AF_INET, ("127.0.0.1", port)),
        "abstract_socket": lambda name: _connect(socket.AF_UNIX, "\0" + name),
        "socket": lambda path: _connect(socket.AF_UNIX, path),
        "socket_by_link": lambda path: _connect(socket.AF_UNIX, _link_to(path)),
        "file": lambda path: Path(path).stat(),
        "file_by_link": lambda path: Path(_link_to(path)).stat(),
        "file_by_root_of_first": lambda path: Path(f"/proc/1/root{path}").stat(),
        "process": lambda one: Path(f"/proc/{one['pid']}/cmdline").read_text() == one["command"],
        "hostname": lambda name: socket.gethostname() == name,
    }
    return {f"canary_{name}": lambda one=name: known[one](canaries[one]) for name in known if name in canaries}  # type: ignore[misc]


def _link_to(path: str) -> str:
    link = Path("/tmp/.link")  # noqa: S108
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return str(link)
