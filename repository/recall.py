"""Recall a memory from a corrupted cue."""

from artiq.experiment import *

from analysis.readout.scoring import RecallReader
from ccqed_ctrl import memories, params, provenance, schema
from ccqed_ctrl.arguments import add_arguments, collect
from ccqed_ctrl.errors import DeviceTimeoutError
from ccqed_ctrl.recall import FRAMES, Apparatus, RecallSettings, plan_recall
from ccqed_ctrl.sequences.recall_shot import RecallShot

FETCH_TIMEOUT = 5 * s


class Recall(EnvExperiment):
    """Recall a memory."""

    def build(self):
        """Declare arguments and devices."""
        self.setattr_device("core")
        self.setattr_device("scheduler")
        self.setattr_device("camera")
        self.setattr_device("dmd")
        self.setattr_device("tweezers")
        add_arguments(self, params.Memory, "Memory")
        add_arguments(self, params.Layout, "Layout")
        add_arguments(self, params.Cloud, "Layout", ["atoms"])
        add_arguments(self, params.Sequence, "Sequence")
        add_arguments(self, params.Run, "Run")
        self.shot = RecallShot(self)

    def prepare(self):
        """Plan the whole run; whatever cannot work is refused here."""
        settings = RecallSettings(
            memory=collect(self, params.Memory),
            layout=collect(self, params.Layout),
            cloud=collect(self, params.Cloud),
            sequence=collect(self, params.Sequence),
            run=collect(self, params.Run),
        )
        stored = memories.load(settings.memory.patterns)
        self.plan = plan_recall(settings, Apparatus(), stored)
        self.reader = RecallReader.of_plan(self.plan)
        readout_time = self.plan.apparatus.imaging.readout_time
        self.shot.configure(settings.sequence, self.plan.pump, readout_time)

    def run(self):
        """Take the shots; every ending leaves the apparatus safe."""
        self.publish_plan()
        self.tweezers.set_positions(self.plan.memory.positions)
        try:
            self.shot.initialise()
            for index in range(len(self.plan.shots)):
                self.core.comm.close()
                self.scheduler.pause()
                self.take(index)
        finally:
            self.shot.make_safe()
            self.camera.abort()
            self.dmd.blank()

    def publish_plan(self):
        """Store the plan, and room for what will be measured."""
        backend = provenance.backend(self.get_device_db())
        sign_reference = self.reader.decoder.sign_reference
        schema.publish(self, self.plan.datasets())
        schema.publish(self, {"backend": backend, "sign_reference": sign_reference})
        self.rows = self.reader.empty()
        schema.publish(self, self.rows)
        self.done = 0

    def take(self, index):
        """Run one shot; the raw frames are stored before anything is made of them."""
        shot, positions = self.plan.shots[index], self.plan.memory.positions
        pattern = self.dmd.load(f"shot {index}", positions, shot.load.drive)
        self.dmd.display(pattern)
        arm_id = self.camera.arm(FRAMES, self.plan.settings.sequence.exposure)
        self.shot.run_shot(shot.load.amplitude)
        recorded = self.camera.fetch(arm_id, FETCH_TIMEOUT)
        if recorded["missing"]:
            raise DeviceTimeoutError(
                f"camera: {recorded['missing']} of {FRAMES} frames missing in shot "
                f"{index}; check the trigger line and the readout time"
            )
        self.store(index, {"shot.frames": recorded["frames"],
                           "shot.exposure": recorded["exposure"],
                           "shot.saturated": recorded["saturated"].sum()})  # fmt: skip
        self.store(index, self.reader.read(index, recorded["frames"]))
        self.done = index + 1
        self.set_dataset("progress.done", self.done, broadcast=True)

    def store(self, index, rows):
        """Write one shot's row of each dataset."""
        for key, row in rows.items():
            self.rows[key][index] = row
            self.mutate_dataset(key, index, row)

    def analyze(self):
        """Sum up the shots."""
        if self.done:
            schema.publish(self, self.reader.summary(self.rows, self.done))
