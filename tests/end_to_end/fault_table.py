"""Every fault, and what becomes of it: what the tests hold, and docs/faults.md.

``python -m tests.end_to_end.fault_table > docs/faults.md``
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from ccqed_ctrl.ending import Verdict
from sim_backend.laboratory.faults import Fault


@dataclass(frozen=True)
class Case:
    """A fault in a shot; `found`: the verdict, or what the error of the run says."""

    fault: Fault
    found: Verdict | str
    shows: str
    detected: str

    @property
    def ends(self) -> bool:
        """Whether it ends the run."""
        return not isinstance(self.found, Verdict)


CASES = (
    Case(Fault.dropped_frame, Verdict.missing_frames,
         "one frame instead of two", "the camera's count of frames"),
    Case(Fault.buffer_overrun, Verdict.missing_frames,
         "one frame instead of two", "the camera's count of frames"),
    Case(Fault.stale_frame, Verdict.wrong_frames,
         "the shot before, shifted by one frame", "trigger numbers of the frames"),
    Case(Fault.frame_saturated, Verdict.saturated,
         "a white frame", "pixels at full scale"),
    Case(Fault.late_trigger, Verdict.late,
         "a dim reference frame, at another time",
         "the camera's clock, else reference light of the two frames"),
    Case(Fault.controller_slow, Verdict.timeout,
         "no frames yet", "`timing.fetch_timeout`"),
    Case(Fault.connection_cut, "camera: its controller is gone",
         "no answer", "the connection"),
    Case(Fault.controller_killed, "camera: connection refused",
         "no answer, ever", "the connection"),
    Case(Fault.dmd_slip, Verdict.wrong_pattern,
         "the cue of the shot before", "`displayed` of the DMD, after the shot"),
    Case(Fault.pattern_left, Verdict.wrong_pattern,
         "another cue", "`displayed` of the DMD, after the shot"),
    Case(Fault.dmd_full, "dmd: its memory is full",
         "a pattern is refused", "`load` of the DMD"),
    Case(Fault.site_lost, Verdict.lost_sites,
         "a spin without a sign", "`occupied` of the tweezers, after the shot"),
    Case(Fault.sites_merged, Verdict.lost_sites,
         "a spin without a sign, a bright neighbour",
         "`occupied` of the tweezers, after the shot"),
    Case(Fault.cavity_unlocked, Verdict.unlocked,
         "no light, or that of other couplings", "`state` of the lock, after the shot"),
    Case(Fault.pump_dead, Verdict.dark,
         "a frame of the reference alone", "light of all ensembles against its noise"),
    Case(Fault.reference_flipped, Verdict.inverted,
         "every spin turned", "spins against the state that was written"),
    Case(Fault.rtio_underflow, "RTIO underflow",
         "the kernel stops", "the core device"),
)  # fmt: skip


DONE = {
    True: "takes the shot again",
    False: "keeps it, sets the next one up afresh",
}


def page() -> str:
    """Return docs/faults.md."""
    rows = [
        f"| `{case.fault}` | {case.fault.where}: {case.fault.meaning} | {case.shows} | "
        f"{case.detected} | "
        + (
            f"ends: failed, `{case.found}...` |"
            if case.ends
            else f"*{case.found}*: {DONE[case.found.again]} |"
        )
        for case in CASES
    ]
    lines = [
        "# Faults",
        "",
        "Written by `python -m tests.end_to_end.fault_table`; every line is a test.",
        "",
        "    ccqed run recall shots=10 --fault dropped_frame@shot=3",
        "    ccqed run recall shots=50 --fault site_lost@p=0.05 --fault dmd_slip@p=0.1",
        "    ccqed run recall --fault rtio_underflow@event=900",
        "",
        "breaks the twin on purpose; a scenario (`--twin FILE`) has a list `faults`. "
        "Shots count from 0, as the atoms are prepared: a shot that is taken again is "
        "another one. A time is the plant's, s: the first shot after it is spoilt. "
        "Faults are true, not believed: nothing that judges a shot knows of them.",
        "",
        "A twin in a process of its own (`ccqed lab --simulation`) is broken while it "
        "runs, by its operator:",
        "",
        "    ccqed faults                            # which there are, and are armed",
        "    ccqed faults arm dropped_frame@time=0   # in the next shot",
        "    ccqed faults arm site_lost@p=0.05 dmd_slip@p=0.1",
        "    ccqed faults clear site_lost            # or as written; without: all",
        "    ccqed faults watch                      # until Ctrl-C",
        "",
        "The twin is that of `--twin HOST:PORT`, else of `CCQED_TWIN`, else of this "
        "machine; any client of its target `faults` does the same. What is armed or "
        "cleared in the middle of a shot counts from the next one on, an underflow's "
        "event from the next kernel; shots count from the twin's start, and events "
        "from each run's. Clearing starts a killed controller again. Results of a run "
        "tell what was armed in its time.",
        "",
        "| fault | what happens | how it shows | detected by | what the run does |",
        "| --- | --- | --- | --- | --- |",
        *rows,
        "",
        "A shot in which a device failed is taken again after everything was set up "
        "afresh, up to `repeats` times. Its last take is stored with its verdict "
        "(`shot.verdict`; `shot.attempts` and `shot.rejected` tell of those before, "
        "whose frames are not kept: they are of no shot). What no repeat of a shot has "
        "helped is not repeated in later shots, such as a site that is always empty; "
        "they are set up afresh all the same, until one is ok.",
        "",
        "What the light says of the atoms is a result, and no reason to take another "
        "shot: one drawn until it pleases would bias what is made of it. Such a shot "
        "is kept with its verdict; after the first, the next one is set up afresh, "
        "atoms and all. Which verdicts count in means, [How a run ends](endings.md) "
        "says: *dim sites* do, since below their threshold ensembles are dim without "
        "any fault. The end of a run says how many shots got which verdict. A run that "
        "ends early keeps the shots it has, and leaves the apparatus safe.",
        "",
        "Not detected: an exposure that is late in both frames alike; a turned "
        "reference where nothing was written, where the field is too weak to be sure "
        "of it (`field_ratio` below 1), or where fewer than two thirds of the spins "
        "are as written.",
        "",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())
