"""The plant of the other laboratory, and what it says of itself."""

from ccqed_ctrl.errors import ParameterError
from sim_backend.crate.plant import Knob, Laboratory


class Lamp:
    """A photomultiplier clicks every `period` machine units of laser light."""

    def __init__(self, wiring, truth, seed):
        self._wiring, self._period, self._light = wiring, truth["period"], [(0, 0.0)]

    def advance(self, events, until_mu):
        switch = self._wiring["laser_switch"], "level"
        steps = [(e.time_mu, e.value) for e in events if e[1:3] == switch]
        self._light += steps

    def edges(self, channel, start_mu, stop_mu):
        if channel != self._wiring["photomultiplier"]:
            return []
        first = -(-start_mu // self._period)
        times = range(first * self._period, stop_mu, self._period)
        return [(t + up, up) for t in times if self._shines(t) for up in (1, 0)]

    def observe(self, channel, signal, time_mu):
        return 0.0

    def safe_state(self):
        return ["laser_switch"] if self._light[-1][1] else []

    def _shines(self, time_mu):
        return max(step for step in self._light if step[0] <= time_mu)[1] > 0


class Truth:
    """One option: how many machine units lie between two clicks."""

    def parse(self, texts):
        return dict(text.split("=") for text in texts)

    def resolve(self, changes):
        if changes.keys() - {"period"}:
            raise ParameterError(f"the lamp has a period; got {', '.join(changes)}")
        return {"period": int(changes.get("period", 1000))}

    def knobs(self):
        return [Knob("period", 1000, "mu", "time between two clicks")]


TRUTH = Truth()
LABORATORY = Laboratory(plant="lamp:Lamp", truth="lamp:TRUTH")
