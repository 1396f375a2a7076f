"""`ccqed schema`: what experiments declare, and what files hold."""

from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from ccqed_ctrl.cli import parser_of
from ccqed_ctrl.errors import ExperimentError, ResultsError
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import encoded
from sim_backend.host import schema
from sim_backend.host.commands import SCHEMA

ROOT = Path(__file__).parents[2]

OWN = '''
from artiq.experiment import *

from ccqed_ctrl.records import row
from ccqed_ctrl.records.shots import ShotRecord


class Light(ShotRecord):
    """Photons of anything."""

    counts = row("", "int64", "photons of the shot")
    lifetime = row("", "float64", "until the first", "us")


class Photons(EnvExperiment):
    """Count photons."""

    record = Light

    def build(self):
        self.setattr_device("core")


class Plain(EnvExperiment):
    def build(self):
        pass
'''


def printed(capsys, *arguments):
    options = parser_of(SCHEMA).parse_intermixed_args([str(a) for a in arguments])
    assert SCHEMA.run(options) == 0
    return capsys.readouterr().out


def rows(shown):
    lines = [line for line in shown.splitlines() if line.startswith("│")]
    return {line.split("│")[1].strip(): line for line in lines}


@pytest.fixture
def own(tmp_path):
    path = tmp_path / "photons.py"
    path.write_text(OWN)
    return path


def test_the_page_is_what_the_code_says():
    """If this fails: python -m sim_backend.host.schema > docs/datasets.md."""
    page = (ROOT / "docs" / "datasets.md").read_text(encoding="utf-8")
    assert schema.page(ROOT / "repository") == page
    for entry in RecallRecord.entries():
        assert page.count(f"| `{entry.key}` |") == 1


def test_an_experiment_by_its_name(capsys, monkeypatch):
    monkeypatch.chdir(ROOT)
    shown = printed(capsys, "recall")
    assert "Recall: RecallRecord" in shown
    found = rows(shown)
    assert set(found) == {entry.key for entry in RecallRecord.entries()}
    assert "recalled image with each memory" in found["shot.overlaps"]
    assert "planned" in found["plan.encoder"]
    assert "measured" in found["shot.spins"]
    assert "shown live" in found["live.frame"]


def test_an_experiment_of_someones_own(own, capsys):
    shown = printed(capsys, own)
    assert "Photons: Light" in shown
    assert "Plain" not in shown
    assert "us" in rows(shown)["shot.lifetime"]
    page = schema.page(own.parent)
    assert "## Light\n\nPhotons of anything.\n" in page
    assert "Its datasets, beside those of ShotRecord:" in page
    assert "| `shot.counts` | S | int64 |  | photons of the shot | measured |" in page


def test_experiments_that_declare_nothing(own):
    own.write_text(OWN.replace("record = Light", "").replace("Light(", "_Light("))
    with pytest.raises(ExperimentError, match="declares no record of datasets"):
        schema.show(own, own.parent / "none.sqlite")


def test_experiments_that_cannot_be_scanned(own):
    own.write_text("import nothing_of_that_name")
    with pytest.raises(ExperimentError, match="photons.py cannot be scanned"):
        schema.show(own, own.parent / "none.sqlite")


def test_a_file_by_what_it_carries(tmp_path, capsys):
    path = tmp_path / "x.h5"
    with h5py.File(path, "w") as file:
        file["datasets/schema"] = encoded(RecallRecord.entries(), "RecallRecord")
        file["datasets/shot.overlaps"] = [[0.5, 1.0]]
        file["datasets/lab.temperature"] = [20.0, 21.0, 22.0]
    found = rows(printed(capsys, path))
    assert set(found) == {"shot.overlaps", "lab.temperature", "schema"}
    assert "recalled image with each memory" in found["shot.overlaps"]
    assert "│ 3 " in found["lab.temperature"]


def test_a_file_without_a_schema_is_listed_as_it_is(capsys):
    path = ROOT / "tests" / "analysis" / "revision_1" / "embedded.h5"
    found = rows(printed(capsys, path))
    assert "complex64" in found["shot.field"]
    assert "str" in found["memory.names"]


@pytest.mark.parametrize("content", [None, b"", b"no HDF5"])
def test_files_that_are_none(tmp_path, content):
    path = tmp_path / "x.h5"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ResultsError, match="x.h5 cannot be read"):
        schema.show(path, tmp_path / "none.sqlite")
