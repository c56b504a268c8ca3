"""What a runtime process may still ask of the kernel: a seccomp filter and Landlock rules, as data that the nursery applies.

It is the layer behind the isolate: nothing here starts a process, and no program's policy is decided here.
"""

import base64
import ctypes
import glob
import json
import platform
import struct
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from executor import nursery

Mode = Literal["auto", "off", "seccomp"]
PROVE_TIMEOUT_S = 10.0

# seccomp(2) and filter.h: the machine, its codes and the record it judges.
_LOAD, _EQUAL, _AT_LEAST, _ANY_BIT, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _ERRNO, _KILL = 0x7FFF0000, 0x00050000, 0x80000000
_NR_AT, _ARCH_AT, _ARGS_AT = 0, 4, 16
_X32_BIT = 0x40000000
_EPERM, _EACCES, _ENOSYS = 1, 13, 38
_CLONE_THREAD = 0x10000
_AT_EMPTY_PATH = 0x1000
_WRITING = 0x3 | 0o100 | 0o1000  # O_WRONLY, O_RDWR, O_CREAT, O_TRUNC
_AF_INET, _AF_INET6, _AF_NETLINK = 2, 10, 16

_ARCHES = {"x86_64": (0xC000003E, 0), "aarch64": (0xC00000B7, 1)}
# name: numbers on x86_64 and aarch64; None where there is no such call. From 424 on they are the same.
_DENIED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "fork": (57, None), "vfork": (58, None), "execve": (59, 221), "ptrace": (101, 117), "kill": (62, 129),
    "tkill": (200, 130), "rt_sigqueueinfo": (129, 138), "rt_tgsigqueueinfo": (297, 240), "kcmp": (312, 272),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_send_signal": (424, 424),
    "pidfd_open": (434, 434), "pidfd_getfd": (438, 438), "process_madvise": (440, 440),
    # the file system: nothing is made, removed or changed
    "creat": (85, None), "mkdir": (83, None), "mkdirat": (258, 34), "mknod": (133, None), "mknodat": (259, 33),
    "unlink": (87, None), "unlinkat": (263, 35), "rmdir": (84, None), "rename": (82, None), "renameat": (264, 38),
    "renameat2": (316, 276), "link": (86, None), "linkat": (265, 37), "symlink": (88, None), "symlinkat": (266, 36),
    "chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "fchmodat2": (452, 452), "chown": (92, None),
    "fchown": (93, 55), "lchown": (94, None), "fchownat": (260, 54), "truncate": (76, 45), "setxattr": (188, 5),
    "lsetxattr": (189, 6), "fsetxattr": (190, 7), "utimensat": (280, 88), "memfd_create": (319, 279),
    "memfd_secret": (447, 447), "open_by_handle_at": (304, 265), "name_to_handle_at": (303, 264),
    # namespaces, mounts, and everything that only an administrator needs
    "unshare": (272, 97), "setns": (308, 268), "chroot": (161, 51), "pivot_root": (155, 41), "mount": (165, 40),
    "umount2": (166, 39), "open_tree": (428, 428), "move_mount": (429, 429), "fsopen": (430, 430),
    "fsconfig": (431, 431), "fsmount": (432, 432), "fspick": (433, 433), "mount_setattr": (442, 442),
    "swapon": (167, 224), "swapoff": (168, 225), "reboot": (169, 142), "sethostname": (170, 161),
    "setdomainname": (171, 162), "iopl": (172, None), "ioperm": (173, None), "init_module": (175, 105),
    "finit_module": (313, 273), "delete_module": (176, 106), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "quotactl": (179, 60), "acct": (163, 89), "settimeofday": (164, 170), "clock_settime": (227, 112),
    "personality": (135, 92), "setuid": (105, 146), "setgid": (106, 144), "setreuid": (113, 145),
    "setregid": (114, 143), "setresuid": (117, 147), "setresgid": (119, 149), "setgroups": (116, 159),
    # large and seldom needed parts of the kernel
    "bpf": (321, 280), "perf_event_open": (298, 241), "userfaultfd": (323, 282), "io_uring_setup": (425, 425),
    "io_uring_enter": (426, 426), "io_uring_register": (427, 427), "keyctl": (250, 219), "add_key": (248, 217),
    "request_key": (249, 218), "fanotify_init": (300, 262), "shmget": (29, 194), "msgget": (68, 186),
    "semget": (64, 190), "mq_open": (240, 180),
    # its listening socket was given to it, and it never makes another
    "bind": (49, 200), "listen": (50, 201),
}  # fmt: skip
# Newer forms whose arguments a filter cannot see: libraries fall back to the older ones.
_UNSEEN = {"clone3": (435, 435), "openat2": (437, 437)}
_OPEN, _OPENAT, _CLONE, _EXECVEAT, _PRLIMIT, _SOCKET, _CONNECT = (
    (2, None), (257, 56), (56, 220), (322, 281), (302, 261), (41, 198), (42, 203),
)  # fmt: skip

# What a dynamically linked program reads to start, and what a resolver reads to find a host.
_READABLE = (
    "/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/share/zoneinfo", "/proc", "/dev/null", "/dev/urandom",
    "/sys/devices/system/cpu", "/etc/ld.so.cache", "/etc/localtime", "/etc/resolv.conf", "/etc/hosts",
    "/etc/host.conf", "/etc/nsswitch.conf", "/etc/gai.conf", "/etc/services", "/etc/ssl", "/etc/pki",
    "/run/systemd/resolve", "/usr/share/ca-certificates",
)  # fmt: skip
_LOADERS = ("/lib*/ld-linux*", "/lib/*/ld-linux*", "/lib/ld-musl*")


class Unavailable(Exception):
    """The second layer was demanded and cannot be had here."""


@dataclass(frozen=True)
class Confinement:
    """`filters` by profile, None without seccomp; `landlock` None without Landlock."""

    filters: dict[str, str] | None
    landlock: dict[str, list[str]] | None

    def to_json(self) -> str:
        return json.dumps({"filters": self.filters, "landlock": self.landlock})

    @property
    def layers(self) -> list[str]:
        named = {"seccomp": self.filters, "Landlock": self.landlock}
        return [name for name, there in named.items() if there]


NONE = Confinement(None, None)
# The profiles: a process whose runs have no way out of the machine has no sockets at all.
CLOSED = "closed"
NETWORK = "network"


def confinement(mode: Mode, program: Path, folder: Path) -> Confinement:
    """What is applied to a runtime here. Raises Unavailable when it was demanded and the kernel has no seccomp."""
    if mode == "off":
        return NONE
    arch = _ARCHES.get(platform.machine())
    if sys.platform != "linux" or arch is None or sys.byteorder != "little" or not _kernel_filters():
        if mode == "seccomp":
            raise Unavailable("this system has no seccomp filters; set COLLAB_SANDBOX=auto to do without")
        return NONE
    filters = {profile: base64.b64encode(_program(*arch, profile)).decode() for profile in (CLOSED, NETWORK)}
    rules = {
        "read": [*_READABLE, str(program.resolve()), str(folder)],
        "execute": [str(program.resolve()), *(path for pattern in _LOADERS for path in glob.glob(pattern))],  # noqa: PTH207
    }
    return Confinement(filters, rules if nursery.landlock_version() > 0 else None)


def prove(applied: Confinement, profile: str) -> dict[str, bool]:
    """Tries in a confined child what must not work; by name whether it was prevented. Raises Unavailable."""
    command = [sys.executable, "-I", "-S", nursery.__file__, "prove", applied.to_json(), profile]
    done = subprocess.run(  # noqa: S603 — our own program
        command, capture_output=True, check=False, env={}, timeout=PROVE_TIMEOUT_S
    )
    try:
        found: dict[str, bool] = json.loads(done.stdout)
    except ValueError as error:
        raise Unavailable(f"the proof failed: {done.stderr.decode(errors='replace')[-300:]}") from error
    return found


def _kernel_filters() -> bool:
    """Asks for a filter at no address: EFAULT says that the kernel would have read it."""
    prctl = nursery.PRCTL
    if prctl is None:
        return False
    ctypes.set_errno(0)
    return bool(
        prctl(nursery.PR_SET_SECCOMP, nursery.SECCOMP_MODE_FILTER, None, 0, 0) == -1 and ctypes.get_errno() == 14
    )


def _program(audit_arch: int, column: int, profile: str) -> bytes:
    """The filter: by default a call is allowed; each rule is a block of its own that falls through when it is another call."""
    code: list[tuple[int, int, int, int]] = [
        (_LOAD, 0, 0, _ARCH_AT), (_EQUAL, 1, 0, audit_arch), (_RETURN, 0, 0, _KILL), (_LOAD, 0, 0, _NR_AT),
        (_AT_LEAST, 0, 1, _X32_BIT), (_RETURN, 0, 0, _KILL),
    ]  # fmt: skip

    def deny(numbers: tuple[int | None, int | None], errno: int) -> None:
        if (number := numbers[column]) is not None:
            code.extend([(_EQUAL, 0, 1, number), (_RETURN, 0, 0, _ERRNO | errno)])

    def by_argument(
        numbers: tuple[int | None, int | None], at: int, tests: list[tuple[int, int]], errno: int, hit: bool
    ) -> None:
        """`tests`: (code, value), any of which is a hit; `hit` says whether a hit is allowed."""
        if (number := numbers[column]) is None:
            return
        judged: list[tuple[int, int, int, int]] = [(_LOAD, 0, 0, _ARGS_AT + 8 * at)]
        for index, (test, value) in enumerate(tests):
            judged.append((test, len(tests) - index, 0, value))
        good, bad = (_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _ERRNO | errno)
        judged.extend((bad, good) if hit else (good, bad))
        code.append((_EQUAL, 0, len(judged), number))
        code.extend(judged)

    for numbers in _DENIED.values():
        deny(numbers, _EPERM)
    for numbers in _UNSEEN.values():
        deny(numbers, _ENOSYS)
    by_argument(_OPEN, 1, [(_ANY_BIT, _WRITING)], _EACCES, hit=False)
    by_argument(_OPENAT, 2, [(_ANY_BIT, _WRITING)], _EACCES, hit=False)
    by_argument(_CLONE, 0, [(_ANY_BIT, _CLONE_THREAD)], _EPERM, hit=True)
    # Its own start, from the descriptor that it was given.
    by_argument(_EXECVEAT, 4, [(_ANY_BIT, _AT_EMPTY_PATH)], _EPERM, hit=True)
    by_argument(_PRLIMIT, 0, [(_EQUAL, 0)], _EPERM, hit=True)
    if profile == NETWORK:
        families = [(_EQUAL, family) for family in (_AF_INET, _AF_INET6, _AF_NETLINK)]
        by_argument(_SOCKET, 0, families, _EPERM, hit=True)
    else:
        deny(_SOCKET, _EPERM)
        deny(_CONNECT, _EPERM)
    code.append((_RETURN, 0, 0, _ALLOW))
    return b"".join(struct.pack("=HBBI", *instruction) for instruction in code)
