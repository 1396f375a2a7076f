"""Experiments written into a folder and run there, in process."""

from __future__ import annotations

import textwrap
from pathlib import Path

import h5py
import pytest

from sim_backend.host import ensure_artiq

ensure_artiq()

from sim_backend.host import runner  # noqa: E402 (imports artiq)


class Workspace:
    """A folder with experiments, a device database and results."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def experiment(self, body: str, name: str = "experiment.py") -> Path:
        """Write a file with the methods of a class `Probe`."""
        return self.write(
            "from artiq.experiment import *\n\n\nclass Probe(EnvExperiment):\n"
            + textwrap.indent(textwrap.dedent(body).strip(), "    ")
            + "\n",
            name,
        )

    def write(self, text: str, name: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text))
        return path

    def request(self, file: Path, **options) -> runner.Request:
        return runner.Request(
            file,
            dataset_db=self.root / "dataset_db.sqlite",
            results=self.root / "results",
            **options,
        )

    def run(self, body: str, termination=None, **options) -> runner.Outcome:
        """Run the methods of a class `Probe`."""
        request = self.request(self.experiment(body), **options)
        return runner.run(request, termination)


@pytest.fixture
def workspace(tmp_path, monkeypatch):
    # A working directory of its own: no device_db.py is found by accident.
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CCQED_BACKEND", raising=False)
    return Workspace(tmp_path)


def layout(path):
    """Return the tree of a file without our own group."""
    found = {}

    def visit(name, item):
        if name.split("/")[0] == "ccqed":
            return
        attributes = dict(item.attrs)
        if isinstance(item, h5py.Group):
            found[name] = ("group", None, attributes)
            return
        text = h5py.check_string_dtype(item.dtype)
        found[name] = (
            text.encoding if text else str(item.dtype),
            item.shape,
            attributes,
        )
        assert item.chunks is None

    with h5py.File(path) as file:
        file.visititems(visit)
    return found
