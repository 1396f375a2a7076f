"""Run one suite of `artiq.test.coredevice` in ARTIQ's Python; outcomes as JSON.

python -m benchmarks.artiq_material.one_suite SUITE PATH
"""

from __future__ import annotations

import json
import signal
import sys
import time
import traceback
import unittest
from pathlib import Path
from typing import Any

#: Seconds that one test may take.
LIMIT = 300


class Result(unittest.TestResult):
    """Verdict and reason of each test; a test is also what its subtests are."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, tuple[str, str]] = {}

    def startTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        super().startTest(test)
        self._started = time.monotonic()
        signal.alarm(LIMIT)

    def stopTest(self, test: unittest.TestCase) -> None:  # noqa: N802
        signal.alarm(0)
        super().stopTest(test)
        found, reason = self.found.setdefault(_name(test), ("skipped", "no outcome"))
        seconds = time.monotonic() - self._started
        print(f"{found:8} {_name(test)} {seconds:.1f} s {reason}", flush=True)

    def addSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        self.found.setdefault(_name(test), ("passed", ""))

    def addSubTest(self, test: Any, subtest: Any, err: Any) -> None:  # noqa: ARG002, N802
        if err is not None:
            self._failed(test, err)
        elif self.found.get(_name(test), ("skipped",))[0] == "skipped":
            self.found[_name(test)] = ("passed", "")

    def addSkip(self, test: Any, reason: str) -> None:  # noqa: N802
        self.found.setdefault(_name(test), ("skipped", reason))

    def addExpectedFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: ARG002, N802
        self.addSuccess(test)

    def addUnexpectedSuccess(self, test: unittest.TestCase) -> None:  # noqa: N802
        self.found[_name(test)] = ("failed", "passed, which ARTIQ does not expect")

    def addFailure(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        self._failed(test, err)

    def addError(self, test: unittest.TestCase, err: Any) -> None:  # noqa: N802
        self._failed(test, err)

    def _failed(self, test: Any, err: Any) -> None:
        traceback.print_exception(*err)
        self.found[_name(test)] = verdict(err[1])


def verdict(error: BaseException) -> tuple[str, str]:
    """Return an exception in one line, or the port of the device that it wanted."""
    frames = [Path(f.filename).stem for f in traceback.extract_tb(error.__traceback__)]
    for module, port in PORTS.items():
        if isinstance(error, OSError) and module in frames:
            return "needs port", port
    lines = str(error).strip().splitlines() or [""]
    return "failed", f"{type(error).__name__}: {lines[0]}".rstrip(": ")


PORTS = {
    "comm_mgmt": "1380 (management: the core device's own log)",
    "comm_analyzer": "1382 (analyzer)",
    "comm_moninj": "1383 (moninj)",
}


def _name(test: Any) -> str:
    whole = getattr(test, "test_case", test)  # a subtest's own test
    return ".".join(whole.id().split(".")[-2:])


def _expired(_number: int, _frame: Any) -> None:
    raise TimeoutError(f"still running after {LIMIT} s")


def main() -> None:
    suite, path = sys.argv[1:]
    signal.signal(signal.SIGALRM, _expired)
    result = Result()
    name = f"artiq.test.coredevice.{suite}"
    unittest.defaultTestLoader.loadTestsFromName(name).run(result)
    Path(path).write_text(json.dumps(result.found))


if __name__ == "__main__":
    main()
