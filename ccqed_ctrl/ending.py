"""How a run ends, and what a shot is worth: the words of files, tables and exit codes.

docs/endings.md is this module as a page: ``python -m ccqed_ctrl.ending > FILE``.
"""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Self


class Ending(StrEnum):
    """How a run ended; its text is what files and tables say."""

    exit_code: int
    meaning: str

    ok = "ok", 0, "everything asked for was done"
    failed = (
        "failed",
        1,
        "the run raised an error; what it had until then is in the file",
    )
    bad_input = "bad input", 2, "refused before anything ran; no file"
    storage_failed = "storage failed", 3, "results could not be written, or not all"
    terminated = (
        "terminated", 130, "asked to end (Ctrl-C, the dashboard), it did so at a pause",
    )  # fmt: skip
    interrupted = (
        "interrupted", 130, "stopped at once: by a second Ctrl-C, or in a kernel",
    )  # fmt: skip

    killed = (
        "killed", 137, "the process died; what it had measured was recovered",
    )  # fmt: skip

    def __new__(cls, word: str, exit_code: int, meaning: str) -> Self:
        """Make the member that is `word`."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.exit_code, member.meaning = exit_code, meaning
        return member


class Verdict(StrEnum):
    """What is wrong with a shot, or ok; its text is what files and tables say.

    again: the devices failed, whatever the atoms did, so the shot is taken again. What
    the light says of the atoms is a result, and never a reason to draw another.
    counts: in means over shots; what may be physics has to, or the means are biased.
    """

    meaning: str
    again: bool
    counts: bool

    ok = "ok", "nothing speaks against the shot", False, True
    missing_frames = (
        "missing frames",
        "the camera gave fewer frames than were triggered",
        True,
    )
    saturated = "saturated", "pixels at full scale: counts there are a lower bound"
    dark = "dark", "too few photons to tell the field from shot noise"
    undecodable = "undecodable", "the decoder refused the frames"
    timeout = "timeout", "a device did not answer in time", True
    wrong_frames = (
        "wrong frames",
        "frames of other triggers than the shot's, by their numbers",
        True,
    )
    wrong_pattern = "wrong pattern", "the DMD did not show what it was asked to", True
    unlocked = "unlocked", "the cavity was not locked when the shot ended", True
    lost_sites = (
        "lost sites", "a site held no atoms after the shot, by its image", True,
    )  # fmt: skip
    late = (
        "late",
        "a frame was exposed late, by the camera's clock, or as it has less light of "
        "the reference than the other",
        True,
    )
    inverted = (
        "inverted", "spins opposite to what was written: the reference's sign flipped",
    )  # fmt: skip
    displaced = (
        "displaced", "the light comes from beside the sites: the map is out of date",
        False, True,
    )  # fmt: skip
    dim_sites = (
        "dim sites",
        "ensembles with little light among others: below their threshold",
        False,
        True,
    )

    def __new__(
        cls, word: str, meaning: str, again: bool = False, counts: bool = False
    ) -> Self:
        """Make the member that is `word`."""
        member = str.__new__(cls, word)
        member._value_ = word
        member.meaning, member.again, member.counts = meaning, again, counts
        return member


def status_word(stored: str) -> str:
    """Return a file's status in today's words; files of revision 1 say "exception"."""
    return Ending.failed if stored == "exception" else stored


def page() -> str:
    """Return docs/endings.md."""
    endings = [f"| {e} | {e.exit_code} | {e.meaning} |" for e in Ending]
    done = {True: "takes it again", False: "keeps it"}
    counts = {True: "yes", False: "no"}
    verdicts = [
        f"| {v} | {v.meaning} | {done[v.again]} | {counts[v.counts]} |" for v in Verdict
    ]
    lines = [
        "# How a run ends",
        "",
        "Written by `python -m ccqed_ctrl.ending`; a test holds it to the code.",
        "",
        "A results file says it in `ccqed/status`, `ccqed run` also by its exit code. "
        "A file still being written says `running`.",
        "",
        *("| status | exit code | meaning |", "| --- | --- | --- |", *endings, ""),
        "Commands other than `run` use the same exit codes.",
        "",
        "# What a shot is worth",
        "",
        "A shot in which a device failed is taken again, up to `repeats` times. What "
        "the light says of the atoms is a result: such a shot is kept. Where none "
        "counts, means are over all.",
        "",
        "| verdict | meaning | the run | in means |",
        "| --- | --- | --- | --- |",
        *(*verdicts, ""),
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
