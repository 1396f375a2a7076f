"""Another laboratory's files, with a plant of their own, and the same commands."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
from pathlib import Path

import h5py
import pytest
from sipyco import pyon

from sim_backend.host import is_embedded

HERE = Path(__file__).parent
EXPERIMENT = HERE / "photon_count.py"


def ccqed(folder, *arguments, code=0):
    command = [sys.executable, "-m", "ccqed_ctrl.cli", *map(str, arguments)]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def result(folder):
    (path,) = folder.glob("results/*/*/*.h5")
    return h5py.File(path)


def test_its_plant_closes_the_loop(tmp_path):
    ccqed(tmp_path, "run", EXPERIMENT, "--seed", 3)
    with result(tmp_path) as file:
        assert list(file["datasets/counts"]) == [100, 100, 100]
        assert file["ccqed/backend"][()] == b"simulation"
        assert pyon.decode(file["ccqed/truth"][()].decode()) == {"period": 1000}
        assert pyon.decode(file["ccqed/seeds"][()].decode())["plant"] == 3


def test_its_truth_has_its_own_words(tmp_path):
    ccqed(tmp_path, "run", EXPERIMENT, "gate=50e-6", "--twin", "period=2000")
    with result(tmp_path) as file:
        assert list(file["datasets/counts"]) == [25, 25, 25]
        assert pyon.decode(file["ccqed/truth"][()].decode()) == {"period": 2000}
    said = ccqed(tmp_path, "run", EXPERIMENT, "--twin", "flip_rates=exact", code=2)
    assert "the lamp has a period; got flip_rates" in said


def test_a_database_without_a_plant_has_no_truth_to_change(tmp_path):
    text = (HERE / "device_db.py").read_text().replace(', plant="lamp"', "")
    (tmp_path / "device_db.py").write_text(text)
    (tmp_path / "experiment.py").write_text(EXPERIMENT.read_text())
    said = ccqed(tmp_path, "run", "experiment.py", "--twin", "period=3", code=2)
    assert "no truth to change, so --twin period=3 means nothing here" in said
    ccqed(tmp_path, "run", "experiment.py")
    with result(tmp_path) as file:
        assert list(file["datasets/counts"]) == [0, 0, 0]


def test_it_is_checked(tmp_path):
    said = ccqed(tmp_path, "check", EXPERIMENT)
    assert "PhotonCount: safe at the end" in " ".join(said.split())
    dangerous = tmp_path / "bright.py"
    lines = EXPERIMENT.read_text().splitlines(keepends=True)
    dangerous.write_text("".join(line for line in lines if "sw.off" not in line))
    database = HERE / "device_db.py"
    said = ccqed(tmp_path, "check", dangerous, "--device-db", database, code=1)
    assert "left on at the end of the run: laser_switch" in said


def test_it_is_drawn_by_its_own_names(tmp_path):
    for suffix in ("png", "vcd", "bin", "csv"):
        ccqed(tmp_path, "timeline", EXPERIMENT, "-o", f"shot.{suffix}")
    assert (tmp_path / "shot.png").read_bytes().startswith(b"\x89PNG")
    with (tmp_path / "shot.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {"laser", "laser_switch", "mirror"} <= {row["channel"] for row in rows}
    light = [float(row["time_s"]) for row in rows if row["channel"] == "laser_switch"]
    on, off = light[-2:]
    assert off - on == pytest.approx(100e-6, abs=1e-9)


@pytest.mark.parametrize(
    ("device", "message"),
    [
        ("phaser0", "'phaser0' is a artiq.coredevice.phaser.Phaser, which is not sim"),
        ("wavemeter", "controller 'wavemeter' has no simulated stand-in"),
    ],
)
def test_what_has_no_twin_is_refused_when_it_is_asked_for(tmp_path, device, message):
    file = tmp_path / "asks.py"
    text = EXPERIMENT.read_text().replace('("mirror")', f'("{device}")')
    file.write_text(text)
    database = HERE / "device_db.py"
    said = ccqed(tmp_path, "run", file, "--device-db", database, code=2)
    assert message in " ".join(said.split())


@pytest.mark.artiq
@pytest.mark.skipif(is_embedded("artiq"), reason="needs artiq_run")
def test_under_artiq_run(tmp_path):
    program = Path(sys.executable).with_name("artiq_run")
    done = subprocess.run(
        [program, "--device-db", HERE / "device_db.py", "-o", "out.h5", EXPERIMENT],
        cwd=tmp_path,
        env=os.environ | {"CCQED_BACKEND": "simulation", "PYTHONPATH": str(HERE)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    with h5py.File(tmp_path / "out.h5") as file:
        assert list(file["datasets/counts"]) == [100, 100, 100]
