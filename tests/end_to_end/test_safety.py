"""Every ending leaves the apparatus in its safe state, and what was measured."""

from __future__ import annotations

import pytest

from sim_backend.host import runner

from .conftest import RECALL, ROOT

BREAKING = f'''
import importlib.util

from artiq.experiment import *

spec = importlib.util.spec_from_file_location("recall", {str(RECALL)!r})
recall = importlib.util.module_from_spec(spec)
spec.loader.exec_module(recall)


class Breaking(EnvExperiment):
    """Stops in the middle of a shot, as an operator or a fault would."""

    def build(self):
        self.setattr_argument("how", StringValue("failed"))
        self.setattr_device("core")
        self.setattr_device("plant")
        self.setattr_device("scheduler")
        self.inner = recall.Recall(self)

    def prepare(self):
        self.inner.prepare()
        self.shot = self.inner.shots.sequence
        self.shot.run_shot = self.interrupt

    def interrupt(self, amplitude):
        self.half_a_shot()
        self.set_dataset("left_on", len(self.plant.safe_state()))
        if self.how == "a deaf camera":
            self.shot.camera.abort = self.deaf
        if self.how == "terminated":
            self.scheduler.request_termination(self.scheduler.rid)
            self.scheduler.pause()
        raise RuntimeError("the laser went out")

    def deaf(self):
        raise OSError("connection lost")

    @kernel
    def half_a_shot(self):
        self.core.break_realtime()
        delay(1 * ms)
        self.shot.load()

    def run(self):
        try:
            self.inner.run()
        finally:
            self.set_dataset("unsafe", self.plant.safe_state() + ["end"])
            self.set_dataset("displayed", self.shot.dmd.displayed())
            self.set_dataset("rtio_errors", len(self.core.rtio.errors))
'''


@pytest.mark.parametrize("how", ["failed", "terminated", "a deaf camera"])
def test_a_shot_broken_in_the_middle_ends_safe(tmp_path, how):
    file = tmp_path / "breaking.py"
    file.write_text(BREAKING)
    outcome = runner.run(
        runner.Request(
            file=file,
            class_name="Breaking",
            arguments={"how": how},
            device_db=ROOT / "device_db.py",
            dataset_db=tmp_path / "datasets.sqlite",
            results=tmp_path / "results",
        )
    )
    assert outcome.status == ("terminated" if how == "terminated" else "failed")
    data = outcome.datasets.local
    assert data["left_on"] >= 3  # both Raman switches and the set-point, at least
    assert data["unsafe"] == ["end"]
    assert data["displayed"] == -1
    assert data["rtio_errors"] == 0
    assert data["plan.positions"].shape == (64, 2)
    assert outcome.path.exists()
