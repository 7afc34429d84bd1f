"""What a worker gives up before it reads its first request.

A worker opens files that came from anywhere with parsers written in C.  Whoever takes it over through
one of them should find no network, no other process, no program to start and no disk to fill.  On
Linux a seccomp filter does that, installed for all threads at once and inherited by whatever is
started later; it needs no right and no package.  Elsewhere the worker says that it has none.

The numbers of system calls are those of the kernel's tables (arch/x86/entry/syscalls/syscall_64.tbl,
include/uapi/asm-generic/unistd.h); the filter's form is that of linux/filter.h and linux/seccomp.h.
"""

from __future__ import annotations

import contextlib
import ctypes
import errno
import platform
import struct
from typing import Any, Final

FILE_BYTES: Final = 16 * 2**20
"""Largest file that a worker may write: none of them has one to write, coverage measurement has."""

_DENIED: Final = {
    # name: (x86-64, aarch64)
    "socket": (41, 198), "connect": (42, 203), "accept": (43, 202), "bind": (49, 200), "listen": (50, 201),
    "accept4": (288, 242), "io_uring_setup": (425, 425), "ptrace": (101, 117),
    "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "execve": (59, 221), "execveat": (322, 281), "bpf": (321, 280), "perf_event_open": (298, 241),
    "userfaultfd": (323, 282), "add_key": (248, 217), "request_key": (249, 218), "keyctl": (250, 219),
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51),
    "setns": (308, 268), "unshare": (272, 97), "init_module": (175, 105), "finit_module": (313, 273),
    "delete_module": (176, 106), "kexec_load": (246, 104), "open_by_handle_at": (304, 265),
}  # fmt: skip
"""`io_uring` is there because it opens sockets past a filter on `socket`; `socket` covers Unix sockets
too, behind which the session's keyring listens."""

_MACHINES: Final = {"x86_64": (0, 0xC000003E, 317), "aarch64": (1, 0xC00000B7, 277)}
"""Column of the table, audit number of the architecture, number of `seccomp`."""

_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP = 4, 38, 22
_SECCOMP_MODE_FILTER, _SECCOMP_SET_MODE_FILTER, _TSYNC = 2, 1, 1
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | errno.EPERM
_X32 = 0x40000000
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.c_void_p))


def confine() -> dict[str, Any]:
    """Give up what this process does not need; returns what was achieved.

    `network` is `seccomp`, `namespace` or `open`; never raises.
    """
    done: dict[str, Any] = {"network": "open", "programs": False, "core_dumps": "possible", "why": ""}
    with contextlib.suppress(Exception):
        if keep_out_of_core_dumps():
            done["core_dumps"] = "off"
    if platform.system() != "Linux":
        done["why"] = f"{platform.system()} offers a process no filter of its own that is documented."
        return done
    try:
        import resource

        # The interpreter ignores SIGXFSZ: a write beyond the limit is an error, not the end.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0):
            raise OSError(ctypes.get_errno(), "no_new_privs")
        _filter(libc)
        done.update(network="seccomp", programs=True)
    except (OSError, AttributeError, KeyError) as error:
        done["why"] = f"The system allows no filter ({error})."
        if _own_namespace():
            done["network"] = "namespace"
    return done


def keep_out_of_core_dumps() -> bool:
    """No crash of this process leaves its memory on a disk, and no other process may read it.

    A limit of 0 is not enough: a dump that goes to a program (systemd-coredump, apport) ignores it.
    Returns whether the system was told so.
    """
    try:
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_CORE)
        resource.setrlimit(resource.RLIMIT_CORE, (0, most))
    except (ImportError, ValueError, OSError):
        return False
    if platform.system() == "Linux":
        return bool(ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0) == 0)
    return True


def program(machine: str) -> bytes:
    """The filter as the kernel reads it.  Raises KeyError for a machine that is not in the table."""
    column, architecture, _ = _MACHINES[machine]
    numbers = [columns[column] for columns in _DENIED.values()]
    # (code, jump if true, jump if false, constant): arguments lie behind number and architecture.
    lines = [(_LOAD, 0, 0, 4), (_EQUAL, 1, 0, architecture), (_RETURN, 0, 0, _REFUSE), (_LOAD, 0, 0, 0)]
    if machine == "x86_64":
        lines += [(_AT_LEAST, 0, 1, _X32), (_RETURN, 0, 0, _REFUSE)]
    for place, number in enumerate(numbers):
        lines.append((_EQUAL, len(numbers) - place, 0, number))
    lines += [(_RETURN, 0, 0, _ALLOW), (_RETURN, 0, 0, _REFUSE)]
    return b"".join(struct.pack("=HBBI", *line) for line in lines)


def _filter(libc: Any) -> None:
    machine = platform.machine()
    code = program(machine)
    buffer = ctypes.create_string_buffer(code, len(code))
    wanted = _Program(len(code) // 8, ctypes.addressof(buffer))
    number = _MACHINES[machine][2]
    # For every thread: a library may have started some while it was imported.
    if libc.syscall(number, _SECCOMP_SET_MODE_FILTER, _TSYNC, ctypes.byref(wanted)) == 0:
        return
    if libc.prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(wanted), 0, 0):
        raise OSError(ctypes.get_errno(), "seccomp")


def _own_namespace() -> bool:
    """An empty network of our own, where the system lets its users make one."""
    try:
        return bool(ctypes.CDLL(None).unshare(_CLONE_NEWUSER | _CLONE_NEWNET) == 0)
    except (OSError, AttributeError):
        return False


__all__ = ["confine", "keep_out_of_core_dumps", "program"]
