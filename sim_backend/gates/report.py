"""The table of `ccqed check`."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from .findings import FAILED, PASSED, Finding, Verdict

_STYLES = {PASSED: "green", FAILED: "bold red"}


def show(verdicts: Iterable[Verdict]) -> None:
    """Print all verdicts, and below them what to do about the failures."""
    verdicts = list(verdicts)
    console = Console(highlight=False)
    console.print(table(verdicts))
    for verdict in verdicts:
        for finding in verdict.findings:
            console.print(sentence(finding), markup=False, soft_wrap=True)


def table(verdicts: Iterable[Verdict]) -> Table:
    """Return one row per file and gate."""
    result = Table()
    for title in ("file", "gate", "verdict", "what it says"):
        result.add_column(title, overflow="fold")
    previous = None
    for verdict in verdicts:
        if verdict.file != previous:
            result.add_section()
        shown = "" if verdict.file == previous else str(verdict.file)
        previous = verdict.file
        status = Text(verdict.status, _STYLES.get(verdict.status, "yellow"))
        found = len(verdict.findings)
        count = f"{found} finding{'s' if found > 1 else ''}" if found else ""
        says = "; ".join(part for part in (verdict.summary, count) if part)
        result.add_row(Text(shown), verdict.gate, status, Text(says))
    return result


def sentence(finding: Finding) -> str:
    """Return a finding as editors read it: file:line: rule: message."""
    return f"{finding.file}:{finding.line}: {finding.rule}: {finding.message}"
