"""System calls closed inside a workspace, by processor architecture.

Numbers are those of the Linux UAPI headers (`asm/unistd_64.h` for x86-64, `asm-generic/unistd.h` for arm64); None
where the architecture has no such call.
"""

from dataclasses import dataclass

HIGHEST_REVIEWED = 466
"""Calls with a greater number are newer than this list: they answer "no such call" until someone reads about them."""

_FORBIDDEN: dict[str, tuple[int, int | None]] = {
    # mounts and roots
    "mount": (165, 40),
    "umount2": (166, 39),
    "pivot_root": (155, 41),
    "chroot": (161, 51),
    "open_tree": (428, 428),
    "move_mount": (429, 429),
    "fsopen": (430, 430),
    "fsconfig": (431, 431),
    "fsmount": (432, 432),
    "fspick": (433, 433),
    "mount_setattr": (442, 442),
    "quotactl": (179, 60),
    "quotactl_fd": (443, 443),
    "swapon": (167, 224),
    "swapoff": (168, 225),
    # namespaces (clone is filtered by its flags, clone3 is hidden)
    "unshare": (272, 97),
    "setns": (308, 268),
    # other processes
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
    "process_madvise": (440, 440),
    "process_mrelease": (448, 448),
    "kcmp": (312, 272),
    "pidfd_getfd": (438, 438),
    "move_pages": (279, 239),
    "migrate_pages": (256, 238),
    # kernel surfaces with a long record of holes
    "bpf": (321, 280),
    "perf_event_open": (298, 241),
    "userfaultfd": (323, 282),
    "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426),
    "io_uring_register": (427, 427),
    "keyctl": (250, 219),
    "add_key": (248, 217),
    "request_key": (249, 218),
    "memfd_secret": (447, 447),
    "remap_file_pages": (216, 234),
    "fanotify_init": (300, 262),
    "fanotify_mark": (301, 263),
    "open_by_handle_at": (304, 265),
    "name_to_handle_at": (303, 264),
    "lookup_dcookie": (212, 18),
    # the machine itself
    "kexec_load": (246, 104),
    "kexec_file_load": (320, 294),
    "init_module": (175, 105),
    "finit_module": (313, 273),
    "delete_module": (176, 106),
    "reboot": (169, 142),
    "syslog": (103, 116),
    "acct": (163, 89),
    "settimeofday": (164, 170),
    "clock_settime": (227, 112),
    "clock_adjtime": (305, 266),
    "adjtimex": (159, 171),
    "sethostname": (170, 161),
    "setdomainname": (171, 162),
    "nfsservctl": (180, 42),
    "vhangup": (153, 58),
    # old x86 doors
    "iopl": (172, None),
    "ioperm": (173, None),
    "modify_ldt": (154, None),
    "uselib": (134, None),
    "ustat": (136, None),
    "sysfs": (139, None),
    "_sysctl": (156, None),
}


@dataclass(frozen=True)
class Architecture:
    """What a filter must know of a processor: its audit number, its closed calls and those filtered by argument."""

    audit: int
    forbidden: tuple[int, ...]
    clone: int
    socket: int
    ioctl: int
    personality: int
    second_numbering_from: int | None


CLONE3 = 435

ARCHITECTURES = {
    "x86_64": Architecture(
        audit=0xC000003E,
        forbidden=tuple(numbers[0] for numbers in _FORBIDDEN.values()),
        clone=56,
        socket=41,
        ioctl=16,
        personality=135,
        second_numbering_from=0x40000000,
    ),
    "aarch64": Architecture(
        audit=0xC00000B7,
        forbidden=tuple(numbers[1] for numbers in _FORBIDDEN.values() if numbers[1] is not None),
        clone=220,
        socket=198,
        ioctl=29,
        personality=92,
        second_numbering_from=None,
    ),
}
