"""Results files to be drawn, of any record, with known numbers in them."""

from __future__ import annotations

import h5py
import numpy as np

from ccqed_ctrl.params import Cue, Imaging, Sequence
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import REVISION, encoded, row, setting, summary
from ccqed_ctrl.records.shots import ShotRecord
from tests.laboratory.bench import Laboratory, plan_shot, reader_of


class Fluorescence(ShotRecord):
    """An experiment of someone's own."""

    photons = row("", "int64", "photons of the shot")
    delay = row("", "float64", "of the first photon", "us")
    clicked = row("", "bool", "whether there was any photon")
    trace = row("T", "float64", "counts against time")
    rate = summary("", "float64", "fitted", "MHz")


def write(path, record, values, scans=(), rid=7):
    """Write what an experiment of `record` stores.

    values: by entry. scans: (group, name, declared, values) of each, slowest first.
    """
    shape = [len(scan[3]) for scan in scans]
    for axis, (group, name, declared, places) in enumerate(scans):
        order = [1] * len(shape)
        order[axis] = -1
        grid = np.broadcast_to(np.reshape(places, order), shape).ravel()
        values = values | {setting(group, name, declared).along("K"): grid.tolist()}
    if scans:
        names = [f"{group}.{name}" for group, name, *_ in scans]
        values = values | {record.scanned: names, record.scan_shape: np.array(shape)}
    shots = len(values[record.point])
    values = {record.seed: 3, record.attempts: np.ones(shots, int)} | values
    known = {entry.key: entry for entry in [*record.entries(), *values]}
    with h5py.File(path, "w") as file:
        file["rid"] = rid
        file["ccqed/status"] = "ok"
        file["datasets/schema_revision"] = REVISION
        file["datasets/schema"] = encoded(known.values(), record.__name__)
        file["datasets/backend"] = "simulation"
        file["datasets/progress.done"] = file["datasets/progress.total"] = shots
        for entry, value in values.items():
            file[f"datasets/{entry.key}"] = entry.conform(value)
    return path


def write_fluorescence(path, points, photons, verdicts=None, scans=()):
    """Write shots (S,) with their points, photons, and what follows from those."""
    photons, record = np.asarray(photons), Fluorescence
    shots = len(photons)
    return write(
        path, record,
        {
            record.point: np.asarray(points),
            record.verdict: list(verdicts or ["ok"] * shots),
            record.photons: photons,
            record.delay: 1e-6 * (1 + photons),
            record.clicked: photons > 0,
            record.trace: np.outer(photons, np.exp(-np.arange(20) / 5)),
            record.rate: 2.5e6,
        },
        scans,
    )  # fmt: skip


def write_recall(path, shots=1, scans=(), **changes):
    """Write a real small recall, the same in every shot; `changes` by dataset's name.

    Two memories of 16 pixels, "0" and "1", cued with "0" itself.
    """
    plan, record = plan_shot(0), RecallRecord
    laboratory = Laboratory(plan)
    recorded = laboratory.run()
    read = laboratory.read(recorded)
    measured = {
        entry: read[entry.key] for entry in record.entries() if entry.key in read
    }
    each = {
        **plan.shots[0].rows, **measured, record.frames: recorded["frames"],
        record.exposure: recorded["exposure"],
        record.saturated: recorded["saturated"].sum(),
    }  # fmt: skip
    values = {entry: np.stack([np.asarray(one)] * shots) for entry, one in each.items()}
    values |= {record.point: np.zeros(shots, int), record.verdict: ["ok"] * shots}
    values |= {**plan.planned, **reader_of(plan).planned}
    imaging = {
        setting("imaging", name, declared): getattr(plan.apparatus.imaging, name)
        for name, declared in Imaging.declared().items()
    }
    changed = {getattr(record, name): value for name, value in changes.items()}
    return write(path, record, values | imaging | changed, scans)


CORRUPTION = ("cue", "corruption", Cue.declared()["corruption"])
MEMORY = ("cue", "memory", Cue.declared()["memory"])
HOLD_TIME = ("sequence", "hold_time", Sequence.declared()["hold_time"])
