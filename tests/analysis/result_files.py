"""Small results files as the three writers make them, without running anything."""

from __future__ import annotations

import json

import h5py
import numpy as np

ARGUMENTS = {"memory": 1, "corruption": 0.25, "shots": 2}
EXPID_V1 = (
    '{"file": "recall.py", "class_name": "Recall", "log_level": 30, '
    '"arguments": OrderedDict([("memory", 1), ("corruption", 0.25), ("shots", 2)])}'
)
EXPID_V2 = json.dumps(
    {"file": "recall.py", "class_name": "Recall", "arguments": ARGUMENTS}
)
VALUES = {
    "schema_revision": 2,
    "backend": "simulation",
    "progress.done": 2,
    "progress.total": 2,
    "plan.names": ["cat", "dog"],
    "plan.seed": 7,
    "shot.frames": np.ones((2, 2, 3, 3), np.uint16),
    "summary.memory": "dog",
    "summary.recalled_as": "cat",
    "summary.recalled_overlap": 0.5,
}


def write(path, datasets, roots=(), ccqed=()):
    """Write a file with ARTIQ's two groups, root keys, and our group if any."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w") as file:
        file.create_group("archive")
        for group, content in (("datasets", datasets), ("ccqed", dict(ccqed))):
            if content:
                node = file.create_group(group)
                for key, value in content.items():
                    node[key] = value
        for key, value in dict(roots).items():
            file[key] = value
    return path


def roots(rid=5, expid=EXPID_V2, start=1.7e9, version="9.0"):
    return {
        "rid": rid, "expid": expid, "start_time": start, "run_time": start + 1,
        "artiq_version": version,
    }  # fmt: skip


def embedded(path, rid=5, status="ok", start=1.7e9, **changes):
    about = {"status": status, "backend": "simulation", "arguments": "{}"}
    return write(path, VALUES | changes, roots(rid, start=start), about)


def artiq_master(path, version=9, **changes):
    expid = EXPID_V1 if version == 8 else EXPID_V2
    return write(path, VALUES | changes, roots(6, expid, version=f"{version}.0"))


def artiq_run(path, **changes):
    return write(path, VALUES | changes)
