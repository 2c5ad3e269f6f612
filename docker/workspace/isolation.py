"""Attempts to leave the sandbox, run from inside it before anything else, with nothing but the standard library.

Each attempt answers whether it got out. The launcher reports them to the supervisor, which kills the sandbox if one did; the
provider's `check` runs them with canaries (sockets, files and a process planted on the host) that must stay out of reach.
"""

import ctypes
import errno
import fcntl
import json
import mmap
import os
import platform
import pty
import resource
import signal
import socket
import stat
import struct
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

Attempt = Callable[[], object]
"""Returns something true if it got out; raising OSError means that the attempt was refused."""

_libc = ctypes.CDLL(None, use_errno=True)
_REFUSALS = {errno.EPERM, errno.ENOSYS}
_TIOCSTI, _TIOCLINUX, _SIOCSIFFLAGS = 0x5412, 0x541C, 0x8914
_SYSCALLS = {
    "ptrace": (101, 117, (0, 0, 0, 0)),
    "ptrace_attach_first": (101, 117, (16, 1, 0, 0)),
    "process_vm_readv": (310, 270, (1, 0, 0, 0, 0, 0)),
    "process_vm_writev": (311, 271, (1, 0, 0, 0, 0, 0)),
    "pidfd_getfd": (438, 438, (-1, 0, 0)),
    "kcmp": (312, 272, (1, 1, 0, 0, 0)),
    "mount_tmpfs": (165, 40, (b"none", b"/tmp", b"tmpfs", 0, None)),
    "mount_proc": (165, 40, (b"proc", b"/tmp", b"proc", 0, None)),
    "remount_data_writable": (165, 40, (None, b"/data", None, 32 | 4096, None)),
    "unmount_data": (166, 39, (b"/data", 2)),
    "pivot_root": (155, 41, (b"/tmp", b"/tmp")),
    "chroot": (161, 51, (b"/tmp",)),
    "open_tree": (428, 428, (-100, b"/", 1)),
    "move_mount": (429, 429, (-1, b"", -1, b"", 0)),
    "fsopen": (430, 430, (b"tmpfs", 0)),
    "fsconfig": (431, 431, (-1, 6, None, None, 0)),
    "fsmount": (432, 432, (-1, 0, 0)),
    "fspick": (433, 433, (-100, b"/", 0)),
    "mount_setattr": (442, 442, (-100, b"/", 0, None, 0)),
    "unshare_user": (272, 97, (0x10000000,)),
    "unshare_mount": (272, 97, (0x00020000,)),
    "unshare_pid": (272, 97, (0x20000000,)),
    "unshare_network": (272, 97, (0x40000000,)),
    "unshare_cgroup": (272, 97, (0x02000000,)),
    "unshare_time": (272, 97, (0x00000080,)),
    "setns": (308, 268, (-1, 0)),
    "clone3": (435, 435, (None, 0)),
    "bpf": (321, 280, (0, None, 0)),
    "perf_event_open": (298, 241, (None, 0, -1, -1, 0)),
    "userfaultfd": (323, 282, (1,)),
    "io_uring_setup": (425, 425, (1, None)),
    "io_uring_enter": (426, 426, (-1, 0, 0, 0, None, 0)),
    "io_uring_register": (427, 427, (-1, 0, None, 0)),
    "keyctl": (250, 219, (0, -3, 0)),
    "add_key": (248, 217, (b"user", b"x", b"x", 1, -3)),
    "request_key": (249, 218, (b"user", b"x", None, -3)),
    "open_by_handle": (304, 265, (-100, None, 0)),
    "name_to_handle": (303, 264, (-100, b"/", None, None, 0)),
    "fanotify": (300, 262, (0, 0)),
    "kexec_load": (246, 104, (0, 0, None, 0)),
    "kexec_file_load": (320, 294, (-1, -1, 0, None, 0)),
    "init_module": (175, 105, (None, 0, b"")),
    "finit_module": (313, 273, (-1, b"", 0)),
    "delete_module": (176, 106, (b"x", 0)),
    "kernel_log": (103, 116, (10, None, 0)),
    "reboot": (169, 142, (0, 0, 0, None)),
    "swapon": (167, 224, (b"/tmp/x", 0)),
    "accounting": (163, 89, (b"/tmp/x",)),
    "quota": (179, 60, (0, None, 0, None)),
    "set_time": (227, 112, (0, None)),
    "set_hostname": (170, 161, (b"x", 1)),
    "memfd_secret": (447, 447, (0,)),
    "personality": (135, 92, (0x0040000,)),
    "newer_than_reviewed": (600, 600, ()),
}
_SYSCALLS_X86 = {
    "iopl": (172, (3,)),
    "ioperm": (173, (0, 1, 1)),
    "modify_ldt": (154, (0, None, 0)),
    "x32_getpid": (0x40000027, ()),
}
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
    "/var/lib",
    "/boot",
    "/mnt",
    "/srv",
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
        **_system_calls(),
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


def _system_calls() -> dict[str, Attempt]:
    intel = platform.machine() == "x86_64"
    calls = {name: (x86 if intel else arm, arguments) for name, (x86, arm, arguments) in _SYSCALLS.items()}
    calls |= _SYSCALLS_X86 if intel else {}
    attempts: dict[str, Attempt] = {f"call_{name}": _Call(*call) for name, call in calls.items()}
    attempts["call_clone_new_user"] = lambda: _clone(0x10000000)
    attempts["call_clone_new_network"] = lambda: _clone(0x40000000)
    if intel:
        attempts["call_by_32_bit_gate"] = _thirty_two_bits
    return attempts


class _Call:
    """One raw system call: contained only if refused as such, not merely because its arguments make no sense."""

    def __init__(self, number: int, arguments: tuple[Any, ...]) -> None:
        self.number, self.arguments = number, arguments

    def __call__(self) -> bool:
        ctypes.set_errno(0)
        values = [ctypes.c_long(one) if isinstance(one, int) else one for one in self.arguments]
        answer = _libc.syscall(ctypes.c_long(self.number), *values)
        return answer != -1 or ctypes.get_errno() not in _REFUSALS


def _clone(flags: int) -> bool:
    number = 56 if platform.machine() == "x86_64" else 220
    ctypes.set_errno(0)
    pid = _libc.syscall(ctypes.c_long(number), ctypes.c_ulong(flags | signal.SIGCHLD), None, None, None, None)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
    return bool(pid != -1 or ctypes.get_errno() != errno.EPERM)


def _thirty_two_bits() -> bool:
    """getpid through `int 0x80`: the filter knows one architecture only and must kill whoever speaks another."""
    pid = os.fork()
    if pid == 0:
        code = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
        code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")
        ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))()
        os._exit(0)
    return not os.WIFSIGNALED(os.waitpid(pid, 0)[1])


def _network() -> dict[str, Attempt]:
    attempts: dict[str, Attempt] = {
        "net_internet_v4": lambda: _connect(socket.AF_INET, ("1.1.1.1", 53)),
        "net_internet_v6": lambda: _connect(socket.AF_INET6, ("2606:4700:4700::1111", 53)),
        "net_metadata": lambda: _connect(socket.AF_INET, ("169.254.169.254", 80)),
        "net_private": lambda: _connect(socket.AF_INET, ("10.0.0.1", 443)),
        "net_udp": lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("8.8.8.8", 53)),
        "net_broadcast": lambda: _broadcast(),
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
        "file_change_data_mode": lambda: [os.chmod(one, one.stat().st_mode) for one in Path("/data").iterdir()],
        "file_touch_data": lambda: [os.utime(one) for one in Path("/data").iterdir()],
        "file_open_data_for_writing": lambda: [one.open("r+b") for one in Path("/data").iterdir() if one.is_file()],
        "file_link_data_home": lambda: [
            os.link(one, Path.home() / ".x") for one in Path("/data").iterdir() if one.is_file()
        ],
        "file_climb_out": lambda: Path("/home/../../../../../../etc/shadow").read_bytes(),
        "file_root_of_first_process": lambda: os.stat("/proc/1/root/root/.pyenv/../../etc/shadow"),
        "file_memory_of_first_process": lambda: Path("/proc/1/mem").open("rb").read(1) and False,
        "file_kernel_core": lambda: Path("/proc/kcore").open("rb").read(16),
        "file_setuid_works": lambda: not os.statvfs("/usr").f_flag & os.ST_NOSUID,
        "file_home_devices": lambda: not os.statvfs(Path.home()).f_flag & os.ST_NODEV,
        "file_unbounded_tmp": lambda: _bytes_of("/tmp") > 64 * 1024**3,
        "file_unbounded_shm": lambda: _bytes_of("/dev/shm") > 64 * 1024**3,
        "file_block_device": lambda: _make_device(stat.S_IFBLK, 254, 0),
        "file_memory_device": lambda: _make_device(stat.S_IFCHR, 1, 1),
        "file_inherited_descriptors": _unexpected_descriptors,
    }
    for path in _UNWRITABLE:
        attempts[f"file_write_{path}"] = lambda one=path: Path(one, ".escape").touch() or True  # type: ignore[misc]
    for path in _KERNEL_FILES:
        attempts[f"file_set_{path}"] = lambda one=path: Path(one).open("r+b").close() or True  # type: ignore[misc]
    for path in _HIDDEN:
        attempts[f"file_see_{path}"] = lambda one=path: os.stat(one)  # type: ignore[misc]
    for path in _DEVICES:
        attempts[f"file_open_{path}"] = lambda one=path: os.open(one, os.O_RDONLY) > 0  # type: ignore[misc]
    return attempts


def _bytes_of(path: str) -> int:
    size = os.statvfs(path)
    return size.f_blocks * size.f_frsize


def _make_device(kind: int, major: int, minor: int) -> bool:
    os.mknod("/tmp/.device", kind | 0o666, os.makedev(major, minor))
    return True


def _unexpected_descriptors() -> list[str]:
    """Only standard streams, the listening socket, the report pipe, and what Python opened for this very listing."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{name}")
        except OSError:
            continue
        if int(name) > 2 and not target.startswith(("socket:", "pipe:", "/proc/")):
            found.append(f"{name} {target}")
    return found


def _processes() -> dict[str, Attempt]:
    return {
        "process_is_root": lambda: 0 in (os.getuid(), os.geteuid(), os.getgid(), os.getegid()),
        "process_become_root": lambda: os.setuid(0) or True,  # type: ignore[func-returns-value]
        "process_become_root_group": lambda: os.setgid(0) or True,  # type: ignore[func-returns-value]
        "process_become_other": lambda: os.setresuid(65534, 65534, 65534) or True,  # type: ignore[func-returns-value]
        "process_set_groups": lambda: os.setgroups([0]) or True,  # type: ignore[func-returns-value]
        "process_has_capabilities": lambda: [
            one for one in ("CapEff", "CapPrm", "CapInh", "CapAmb") if int(_status(one), 16)
        ],
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


def _status(key: str) -> str:
    lines = dict(line.split(":\t", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":\t" in line)
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
        "file": os.stat,
        "file_by_link": lambda path: os.stat(_link_to(path)),
        "file_by_root_of_first": lambda path: os.stat(f"/proc/1/root{path}"),
        "process": lambda one: Path(f"/proc/{one['pid']}/cmdline").read_text() == one["command"],
        "hostname": lambda name: socket.gethostname() == name,
    }
    return {f"canary_{name}": lambda one=name: known[one](canaries[one]) for name in known if name in canaries}  # type: ignore[misc]


def _link_to(path: str) -> str:
    link = Path("/tmp/.link")
    link.unlink(missing_ok=True)
    link.symlink_to(path)
    return str(link)


if __name__ == "__main__":
    json.dump({"attempts": run(json.loads(sys.argv[1]) if len(sys.argv) > 1 else {})}, sys.stdout)
    print()
