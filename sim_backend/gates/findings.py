"""What a gate has to say."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

GATES = ("scan", "lint", "run", "compile")
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class Finding(NamedTuple):
    """One complaint: where, by which rule, and what to do instead."""

    file: Path
    line: int
    rule: str
    message: str


@dataclass(frozen=True)
class Verdict:
    """What one gate says of one file; `status` is passed, failed or skipped."""

    gate: str
    file: Path
    status: str
    summary: str = ""
    findings: list[Finding] = field(default_factory=list)
