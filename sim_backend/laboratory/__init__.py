"""The confocal cavity QED laboratory: what is so, behind the wires of its crate."""

from sim_backend.crate.plant import Laboratory

from .wiring import roles

LABORATORY = Laboratory(
    plant=f"{__name__}.plant:from_truth",
    wiring=roles,
    controllers={
        "camera": f"{__name__}.controllers.camera:SimulatedCamera",
        "dmd": f"{__name__}.controllers.dmd:SimulatedDmd",
        "tweezers": f"{__name__}.controllers.tweezers:SimulatedTweezers",
        "lock": f"{__name__}.controllers.lock:SimulatedLock",
    },
    truth=f"{__name__}.scenario:TRUTH",
)
