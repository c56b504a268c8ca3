"""The same bytes to many sockets in one system call: io_uring, where this is Linux and it is allowed.

What is sent to whom, and what follows where a socket does not take it, is decided elsewhere.
"""

from __future__ import annotations

import ctypes
import logging
import mmap
import os
import socket
import struct
import sys
import weakref
from array import array
from collections.abc import Sequence

logger = logging.getLogger(__name__)

# Of one call; more sockets than these are more calls.
SOCKETS_PER_CALL_MAX = 1024
BYTES_MAX = 128 * 1024

# The same numbers on every architecture.
_SETUP, _ENTER = 425, 426
_OP_SEND, _GETEVENTS = 26, 1
_RING_AT, _ENTRIES_AT = 0, 0x10000000
# Inside the kernel's io_uring_params: how many entries there are, and where in the ring their heads, tails and bodies lie.
_PARAMETERS_BYTES, _COUNTS_AT, _SUBMIT_AT, _COMPLETE_AT = 120, 0, 40, 80
_ENTRY_INTS, _RESULT_INTS = 16, 4
# A feature that came with it.
_LINUX_6 = 1 << 12


class Volley:
    """Raises OSError where the kernel has no io_uring or does not let us. For one thread."""

    def __init__(self) -> None:
        if sys.platform != "linux" or sys.byteorder != "little":
            raise OSError("io_uring is Linux's")
        # Set once the kernel has not taken what it was given: nothing further may be sent.
        self.broken = False
        parameters = bytearray(_PARAMETERS_BYTES)
        setup = ctypes.CDLL(None, use_errno=True).syscall
        setup.argtypes = [ctypes.c_long, ctypes.c_uint, ctypes.c_void_p]
        self._ring = setup(_SETUP, SOCKETS_PER_CALL_MAX, (ctypes.c_char * _PARAMETERS_BYTES).from_buffer(parameters))
        if self._ring < 0:
            raise OSError(ctypes.get_errno(), "io_uring is not to be had")
        weakref.finalize(self, os.close, self._ring)
        self._call = ctypes.CDLL(None).syscall
        self._call.argtypes = [ctypes.c_long, *[ctypes.c_uint] * 4, ctypes.c_void_p, ctypes.c_size_t]
        submits, completes, _, _, _, features = struct.unpack_from("6I", parameters, _COUNTS_AT)
        if not features & _LINUX_6:
            raise OSError("io_uring of before Linux 6 may put off what a socket does not take at once")
        _, tail_at, _, _, _, _, numbers_at = struct.unpack_from("7I", parameters, _SUBMIT_AT)
        head_at, _, _, _, _, results_at = struct.unpack_from("6I", parameters, _COMPLETE_AT)
        shared = mmap.mmap(self._ring, max(numbers_at + submits * 4, results_at + completes * 16), offset=_RING_AT)
        entries = mmap.mmap(self._ring, submits * _ENTRY_INTS * 4, offset=_ENTRIES_AT)
        self._submits, self._completes = submits, completes
        self._shared = memoryview(shared).cast("I")
        self._submit_tail, self._complete_head = tail_at // 4, head_at // 4
        self._results = memoryview(shared)[results_at : results_at + completes * 16].cast("i")
        self._entries = memoryview(entries).cast("i")
        self._bytes = bytearray(BYTES_MAX)
        address = ctypes.addressof(ctypes.c_char.from_buffer(self._bytes))
        # Never later than now. Not MSG_WAITALL: with it some kernels say of a part that was taken that nothing was.
        flags = socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL
        for number in range(submits):
            struct.pack_into("I", shared, numbers_at + number * 4, number)
            struct.pack_into("<BBHiQQIIQ", entries, number * 64, _OP_SEND, 0, 0, -1, 0, address, 0, flags, number)
        # How many were submitted since the beginning; as many were completed, for none is left behind.
        self._count = 0

    def send(self, sockets: Sequence[int], data: bytes) -> list[int]:
        """How many bytes each of the sockets took, in their order; a negative number is an errno."""
        self._bytes[: len(data)] = data
        took: list[int] = []
        while len(took) < len(sockets):
            if self.broken:
                return took + [0] * (len(sockets) - len(took))
            begin = self._count % self._submits
            some = sockets[len(took) : len(took) + self._submits - begin]
            took += self._submit(begin, some, len(data))
        return took

    def _submit(self, begin: int, sockets: Sequence[int], size: int) -> list[int]:
        wanted = len(sockets)
        first, last = begin * _ENTRY_INTS, (begin + wanted) * _ENTRY_INTS
        self._entries[first + 1 : last : _ENTRY_INTS] = array("i", sockets)
        self._entries[first + 6 : last : _ENTRY_INTS] = array("i", (size,)) * wanted
        self._shared[self._submit_tail] = (self._count + wanted) % 2**32
        done = max(0, self._call(_ENTER, self._ring, wanted, wanted, _GETEVENTS, None, 0))
        if done < wanted:
            self.broken = True
            logger.warning("io_uring took %d of %d; sockets are written to one by one from now on", done, wanted)
        at = self._count % self._completes * _RESULT_INTS
        results = self._results[at + 2 : at + done * _RESULT_INTS : _RESULT_INTS].tolist()
        if results.count(size) != wanted:
            # They come in whatever order they were done.
            numbers = self._results[at : at + done * _RESULT_INTS : _RESULT_INTS].tolist()
            by_number = dict(zip(numbers, results, strict=True))
            results = [by_number.get(number, 0) for number in range(begin, begin + wanted)]
        self._count += wanted
        self._shared[self._complete_head] = self._count % 2**32
        return results
