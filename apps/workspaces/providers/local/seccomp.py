"""The system-call filter of a workspace, as classic BPF bytes that bubblewrap loads from a descriptor.

The filter is one layer among others (namespaces, no capability, no new privilege): it closes the calls by which a
process could still reach the kernel's risky parts. Written by hand because it is small and needs no library at run
time.
"""

import errno
import platform
import socket
import struct

from apps.workspaces.providers.local.syscalls import ARCHITECTURES, CLONE3, HIGHEST_REVIEWED, Architecture

_LOAD = 0x20
_AND = 0x54
_IF_EQUAL = 0x15
_IF_GREATER = 0x25
_IF_SET = 0x45
_RETURN = 0x06

_ALLOW = 0x7FFF0000
_KILL = 0x80000000
_ERRNO = 0x00050000

_NUMBER = 0
_ARCHITECTURE = 4
_FIRST_ARGUMENT = 16
_SECOND_ARGUMENT = 24
_THIRD_ARGUMENT = 32

_NEW_NAMESPACES = 0x7E020000
"""CLONE_NEWNS | NEWCGROUP | NEWUTS | NEWIPC | NEWUSER | NEWPID | NEWNET."""
_INPUT_INJECTION = (0x5412, 0x541C)
"""TIOCSTI and TIOCLINUX: typing into somebody else's terminal."""
_PLAIN_PERSONALITY = (0x0, 0xFFFFFFFF)
_SOCKET_TYPE = 0xF

Instruction = tuple[int, int, int, int]


class UnknownArchitecture(Exception):
    """No list of system calls has been reviewed for this processor."""


def filter_bytes(machine: str | None = None) -> bytes:
    """The filter for `machine` (default: this host), ready for bubblewrap's `--seccomp`. Raises UnknownArchitecture."""
    name = machine or platform.machine()
    if name not in ARCHITECTURES:
        raise UnknownArchitecture(name)
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in _program(ARCHITECTURES[name]))


def _program(arch: Architecture) -> list[Instruction]:
    program = [
        _load(_ARCHITECTURE),
        _jump(_IF_EQUAL, arch.audit, skip_if=1),
        _answer(_KILL),
        _load(_NUMBER),
        _jump(_IF_GREATER, HIGHEST_REVIEWED, skip_unless=1),
        _refuse(errno.ENOSYS),
        *_when(CLONE3, [_refuse(errno.ENOSYS)]),
    ]
    for number in arch.forbidden:
        program += _when(number, [_refuse(errno.EPERM)])
    program += _when(arch.clone, _clone_rules())
    program += _when(arch.socket, _socket_rules())
    program += _when(arch.ioctl, _none_of(_SECOND_ARGUMENT, _INPUT_INJECTION))
    program += _when(arch.personality, _only(_FIRST_ARGUMENT, _PLAIN_PERSONALITY, errno.EPERM))
    return [*program, _answer(_ALLOW)]


def _clone_rules() -> list[Instruction]:
    return [
        _load(_FIRST_ARGUMENT),
        _jump(_IF_SET, _NEW_NAMESPACES, skip_unless=1),
        _refuse(errno.EPERM),
        _answer(_ALLOW),
    ]


def _socket_rules() -> list[Instruction]:
    """Unix sockets; internet sockets (they meet only `lo`) of TCP and UDP; netlink for routes only, which Jupyter
    needs."""
    internet = _internet_rules()
    netlink = _only(_THIRD_ARGUMENT, (0,), errno.EPROTONOSUPPORT)
    return [
        _load(_FIRST_ARGUMENT),
        *_if_equal(socket.AF_UNIX, [_answer(_ALLOW)]),
        *_if_equal(socket.AF_NETLINK, netlink),
        *_if_equal(socket.AF_INET, internet),
        *_if_equal(socket.AF_INET6, internet),
        _refuse(errno.EAFNOSUPPORT),
    ]


def _internet_rules() -> list[Instruction]:
    kinds = (int(socket.SOCK_STREAM), int(socket.SOCK_DGRAM))
    protocols = _only(_THIRD_ARGUMENT, (0, socket.IPPROTO_TCP, socket.IPPROTO_UDP), errno.EPROTONOSUPPORT)
    return [
        _load(_SECOND_ARGUMENT),
        (_AND, 0, 0, _SOCKET_TYPE),
        _jump(_IF_EQUAL, kinds[0], skip_if=2),
        _jump(_IF_EQUAL, kinds[1], skip_if=1),
        _refuse(errno.EPERM),
        *protocols,
    ]


def _only(argument: int, values: tuple[int, ...], error: int) -> list[Instruction]:
    allowed = [one for value in values for one in _if_equal(value, [_answer(_ALLOW)])]
    return [_load(argument), *allowed, _refuse(error)]


def _none_of(argument: int, values: tuple[int, ...]) -> list[Instruction]:
    refused = [one for value in values for one in _if_equal(value, [_refuse(errno.EPERM)])]
    return [_load(argument), *refused, _answer(_ALLOW)]


def _when(number: int, rules: list[Instruction]) -> list[Instruction]:
    """Rules for one call; each list ends in an answer, so the call's number never has to be loaded again."""
    return _if_equal(number, rules)


def _if_equal(value: int, rules: list[Instruction]) -> list[Instruction]:
    return [_jump(_IF_EQUAL, int(value), skip_unless=len(rules)), *rules]


def _load(offset: int) -> Instruction:
    return (_LOAD, 0, 0, offset)


def _jump(code: int, value: int, *, skip_if: int = 0, skip_unless: int = 0) -> Instruction:
    return (code, skip_if, skip_unless, value)


def _answer(action: int) -> Instruction:
    return (_RETURN, 0, 0, action)


def _refuse(error: int) -> Instruction:
    return _answer(_ERRNO | error)
