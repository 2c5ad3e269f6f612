"""Attempts by raw system calls: each must be refused as such by the sandbox's filter."""

import ctypes
import errno
import mmap
import os
import platform
import signal
from collections.abc import Callable
from typing import Any

_libc = ctypes.CDLL(None, use_errno=True)
_REFUSALS = {errno.EPERM, errno.ENOSYS}
_SYSCALLS = {
    "ptrace_read_first": (101, 117, (3, 1, 0, 0)),
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
    "newer_than_reviewed": (467, 467, (-100, b"/", 1, None, 0)),
}
_SYSCALLS_X86 = {
    "iopl": (172, (3,)),
    "ioperm": (173, (0, 1, 1)),
    "modify_ldt": (154, (0, None, 0)),
    "x32_getpid": (0x40000027, ()),
}


def system_calls() -> dict[str, Callable[[], object]]:
    """Every attempt of this file by name: true when it was not refused."""
    intel = platform.machine() == "x86_64"
    calls = {name: (x86 if intel else arm, arguments) for name, (x86, arm, arguments) in _SYSCALLS.items()}
    calls |= _SYSCALLS_X86 if intel else {}
    attempts: dict[str, Callable[[], object]] = {f"call_{name}": _Call(*call) for name, call in calls.items()}
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
