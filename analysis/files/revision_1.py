"""Files of revision 1: one experiment, Recall, whose datasets had other names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np

from ccqed_ctrl.belief import GROUPS
from ccqed_ctrl.params import Cue, Layout, Memories, Run, Sequence
from ccqed_ctrl.quantities import Parameters
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import Entry, setting

#: Present names of what was renamed.
_RENAMED: Final = {
    "plan.seed": "seed",
    "plan.sign_reference": "sign_reference",
    "plan.names": "memory.names",
    "plan.patterns": "memory.patterns",
    "plan.image_shape": "memory.shape",
    "plan.pattern_overlaps": "memory.overlaps",
    "plan.condition": "memory.condition",
    "plan.cued": "memory.cued",
    "plan.couplings": "plan.kernel",
    "shot.dmd_pattern": "shot.drive",
    "shot.dds_amplitude": "shot.amplitude",
    "shot.emission": "shot.amplitudes",
    "summary.mean_cue_overlap": "summary.cue_overlap",
    "summary.mean_pixels_wrong": "summary.pixels_wrong",
    "summary.mean_residual": "summary.residual",
    "settings.memories.patterns": "settings.memory.patterns",
    "settings.memories.encoder": "settings.memory.encoder",
    "settings.cue.memory": "settings.memory.memory",
    "settings.cue.corruption": "settings.memory.corruption",
    "settings.sequence.pump_over_threshold": "settings.sequence.final_power",
}
#: What every shot had, without saying so.
_IMPLIED: Final[dict[str, Any]] = {
    "shot.point": 0,
    "shot.verdict": "ok",
    "shot.attempts": 1,
}
_CHOSEN: Final[dict[str, type[Parameters]]] = {
    "memories": Memories,
    "cue": Cue,
    "layout": Layout,
    "sequence": Sequence,
    "run": Run,
}


def stored_name(key: str) -> str:
    """Return what a dataset of today was called."""
    return _RENAMED.get(key, key)


def entries() -> dict[str, Entry]:
    """Return the declarations, by the keys of today."""
    settings = [
        setting(group, name, declared)
        for group, kind in {**_CHOSEN, **GROUPS}.items()
        for name, declared in kind.declared().items()
    ]
    found = {entry.key: entry for entry in [*RecallRecord.entries(), *settings]}
    # The memory was a number then.
    memory = found["settings.cue.memory"]
    return found | {memory.key: replace(memory, dtype="int64")}


def implied(key: str, shots: int) -> Any:
    """Return the rows of what was not stored then, None where nothing is known."""
    if key not in _IMPLIED:
        return None
    value = _IMPLIED[key]
    return [value] * shots if isinstance(value, str) else np.full(shots, value)
