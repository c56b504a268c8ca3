"""The process that looks: one request after the other on its standard input, one answer each on its standard output.

It is small, holds nothing between requests, and ends by itself when its parent is gone or a look takes too long.
"""

import json
import marshal
import os
import resource
import signal
import sys
import time
from typing import BinaryIO

from ast_grep_py import SgRoot

from executor.scan import LENGTH_BYTES
from executor.scan.linters import detectors
from executor.scan.look import look
from executor.scan.rule import GRAMMARS, packs

MEMORY_BYTES_MAX = 2 * 2**30
# The parent kills sooner; this is for a look that nobody waits for any more.
OVERDUE_S = 5.0


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    while length := requests.read(LENGTH_BYTES):
        files, entry, language, budget_s = marshal.loads(requests.read(int.from_bytes(length, "big")))  # noqa: S302 -- from our parent
        # The default action of this signal ends the process, even in the middle of a parser's loop.
        signal.setitimer(signal.ITIMER_REAL, budget_s + OVERDUE_S)
        report = look(files, entry, language, time.monotonic() + budget_s)
        signal.setitimer(signal.ITIMER_REAL, 0)
        answer = {"findings": report.findings, "secrets": report.secrets, "partial": report.partial}
        write(answers, json.dumps(answer).encode())


def write(out: BinaryIO, body: bytes) -> None:
    out.write(len(body).to_bytes(LENGTH_BYTES, "big") + body)
    out.flush()


def main() -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # a terminal's Ctrl-C is the server's to handle; its end closes our input
    # What a library may print must not get between the answers.
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    packs()
    detectors()
    for grammar in GRAMMARS.values():
        SgRoot("", grammar)
    write(answers, b"{}")
    serve(sys.stdin.buffer, answers)


if __name__ == "__main__":
    main()
