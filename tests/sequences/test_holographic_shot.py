"""The standard shot: what every wire does, to the nanosecond, and what is left on."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from artiq.experiment import EnvExperiment, TFloat, TInt64, delay, kernel, now_mu, us

from ccqed_ctrl.belief import Apparatus
from ccqed_ctrl.devices.imaging import HolographicCamera
from ccqed_ctrl.devices.pump import TransversePump
from ccqed_ctrl.devices.tones import PhaseLockedTones
from ccqed_ctrl.errors import DeviceError, DeviceTimeoutError
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.model.plan import LoadPlan, PumpPlan, plan_movie
from ccqed_ctrl.params import Imaging, Movie, Sequence, Timing, Tones
from ccqed_ctrl.sequences.holographic_shot import HolographicShot
from sim_backend.ddb import PLANT
from sim_backend.host import devices
from sim_backend.laboratory.wiring import TONES

#: A twin that is quick: light is not what is asked for here.
SMALL = {"imaging": {"pixels": 32}, "modes": {"max_order": 40}}
DATABASE = Path(__file__).parents[2] / "device_db.py"
LINES = (
    *(f"{tone}_switch" for tone in TONES),
    "noise_gate",
    "ttl_prepare",
    "ttl_camera",
)
#: No two of these durations are the same, so that none can stand for another.
TIMING = Timing(start=3e-3, preparation=70e-6, lead=110e-6, reference_guard=6e-6,
                dac_settling=9e-6)  # fmt: skip
SEQUENCE = Sequence(hold_time=230e-6, field_off_time=170e-6, evolution_time=1.3e-3,
                    exposure=41e-6)  # fmt: skip
TONE = Tones(frequency=180e6, attenuation=7.5)
APPARATUS = Apparatus(timing=TIMING, imaging=Imaging(pixels=32, readout_time=33e-3),
                      tones=TONE)  # fmt: skip
VOLTS, STEP = np.array([0.5, 1.25, 1.5]), 90e-6
AMPLITUDE = 0.25
SITE = np.array([[30e-6, 0.0]])
#: Of a DAC of 16 bits over 20 V.
DAC_STEP = 20 / 2**16
#: Writing a set-point over the card's bus, and the pulse that puts it out, mu.
BUS, LOAD = 808, 16


def plan(holograms=1, interval=None, **changes):
    """Return a plan of one site, as the sequence needs it."""
    sequence = SEQUENCE.replace(**changes)
    movie = Movie(holograms=holograms, interval=interval) if holograms > 1 else None
    return SimpleNamespace(
        apparatus=APPARATUS,
        sequence=sequence,
        movie=plan_movie(movie, sequence, APPARATUS.imaging, TIMING),
        frames=holograms + 1,
        pump=PumpPlan(VOLTS, STEP, np.nan, np.nan),
        positions=SITE,
        spots=SITE,
        traps=SITE,
        load=LoadPlan(np.ones(1), AMPLITUDE, np.empty(0), np.nan, np.empty(0, np.int8)),
    )


class Parts(EnvExperiment):
    """The shot's devices, each alone, and what a fault might leave on."""

    def build(self):
        self.setattr_device("core")
        for name in (*TONES, "noise_gate", "ttl_prepare", "ttl_camera", "pump_servo"):
            self.setattr_device(name)
        self.tones = PhaseLockedTones(self)
        self.pump = TransversePump(self)
        self.imaging = HolographicCamera(self)

    @kernel
    def everything_on(self):
        self.core.break_realtime()
        delay(500 * us)
        for tone in [self.pump_plus, self.pump_minus, self.longitudinal,
                     self.local_oscillator]:  # fmt: skip
            tone.sw.on()
            delay(1 * us)
        self.noise_gate.on()
        self.ttl_prepare.on()
        self.ttl_camera.on()
        self.pump_servo.write_dac(0, 2.0)
        self.pump_servo.load()
        delay(10 * us)

    @kernel
    def tones_safe(self):
        self.core.break_realtime()
        delay(500 * us)
        self.tones.make_safe()

    @kernel
    def imaging_safe(self):
        self.core.break_realtime()
        delay(500 * us)
        self.imaging.make_safe()

    @kernel
    def pump_off(self) -> TInt64:
        self.core.break_realtime()
        delay(500 * us)
        begun = now_mu()
        self.pump.off()
        return now_mu() - begun

    @kernel
    def ramp(self) -> TInt64:
        self.core.break_realtime()
        delay(500 * us)
        begun = now_mu()
        self.pump.ramp()
        return now_mu() - begun

    @kernel
    def expose(self, exposure: TFloat) -> TInt64:
        self.core.break_realtime()
        delay(500 * us)
        begun = now_mu()
        self.imaging.expose(exposure)
        return now_mu() - begun


class Laboratory:
    """The shot on a twin of its own."""

    def __init__(self):
        database = devices.load_device_db(DATABASE)
        database[PLANT]["arguments"]["truth"] = SMALL
        self.manager = devices.DeviceManager(devices.DeviceDB(database))
        self.plant = self.manager.get("plant")
        self.shot = HolographicShot((self.manager, None, None, {}))
        self.parts = Parts((self.manager, None, None, {}))

    def take(self, made):
        """Take one shot; return its raw values and its events."""
        self.shot.arrange(made, afresh=True)
        before = len(self.events())
        raw = self.shot.take(made, made)
        return raw, self.events()[before:]

    def events(self):
        """Return (time_mu, role, signal, value)."""
        labels = self.plant.timeline.labels
        return [(e.time_mu, labels.get(e.channel, e.channel), e.signal, e.value)
                for e in self.plant.timeline.events]  # fmt: skip

    def on(self):
        """Switch everything on, on cards that are brought up."""
        self.shot.arrange(plan(), afresh=True)
        self.parts.everything_on()
        assert self.unsafe() == {*LINES, "pump_servo"}

    def unsafe(self):
        return set(self.plant.safe_state())


@pytest.fixture
def laboratory():
    return Laboratory()


def track(events, role, signal="level"):
    """Return [(time_mu, value)]."""
    return [(t, v) for t, r, s, v in events if (r, s) == (role, signal)]


def expected(start, *, noise=True):
    """Return what each line does when optical pumping starts at `start`, in mu."""
    ns = 1_000_000_000
    mu = {name: round(value * ns) for name, value in {
        "prepare": 70e-6, "lead": 110e-6, "guard": 6e-6, "settle": 9e-6,
        "hold": 230e-6, "fall": 170e-6, "evolve": 1.3e-3, "expose": 41e-6,
        "read": 33e-3, "ramp": len(VOLTS) * STEP,
    }.items()}  # fmt: skip
    dark = start + mu["prepare"]  # the longitudinal drive goes on
    pumped = dark + mu["lead"]
    loaded = pumped + mu["ramp"] + mu["hold"]
    alone = loaded + mu["fall"]
    first = alone + mu["evolve"]
    off = first + 2 * mu["guard"] + mu["expose"]
    quiet = off + BUS + LOAD + mu["settle"]
    second = quiet + mu["read"]
    reference, trigger = [], []
    for begin in (first, second):
        reference += [(begin, 1), (begin + 2 * mu["guard"] + mu["expose"], 0)]
        trigger += [(begin + mu["guard"], 1), (begin + mu["guard"] + mu["expose"], 0)]
    return {
        "ttl_prepare": [(start, 1), (dark, 0)],
        "longitudinal_switch": [(dark, 1), (alone, 0)],
        "noise_gate": [(pumped, 1)] * noise + [(quiet, 0)],
        "pump_plus_switch": [(pumped, 1), (off, 0)],
        "pump_minus_switch": [(pumped, 1), (off, 0)],
        "local_oscillator_switch": reference,
        "ttl_camera": trigger,
    }


@pytest.mark.parametrize("noise", [True, False])
def test_every_line_switches_when_the_settings_say(laboratory, noise):
    _, events = laboratory.take(plan(noise=noise))
    found = {line: track(events, line) for line in LINES}
    start = found["ttl_prepare"][0][0]
    assert found == expected(start, noise=noise)


def test_the_set_point_follows_the_ramp_and_falls_behind_the_switches(laboratory):
    _, events = laboratory.take(plan())
    loads = [t for t, _ in track(events, "ttl_zotino0_ldac")][::2]
    pumped, off = [t for t, _ in track(events, "pump_plus_switch")]
    step = round(STEP * 1e9)
    begin = pumped + BUS
    assert loads == [begin, begin + step, begin + 2 * step, off + BUS]
    volts = [volts for _, volts in track(events, "pump_servo", "dac0")]
    np.testing.assert_allclose(volts, [*VOLTS, 0], atol=DAC_STEP)


def test_all_tones_share_frequency_and_fiducial(laboratory):
    """A tone's phase is told as of time zero: of one fiducial, all have the same."""
    _, events = laboratory.take(plan(field_off_time=0.0))
    start = track(events, "ttl_prepare")[0][0]
    for tone in TONES:
        full = AMPLITUDE if tone == "longitudinal" else 1.0
        for signal, wanted, allowed in (
            ("frequency", 180e6, 0.3), ("amplitude", full, 2**-14), ("coherent", 1, 0),
        ):  # fmt: skip
            ((time_mu, value),) = track(events, tone, signal)
            assert value == pytest.approx(wanted, abs=allowed)
            assert start - 10_000_000 < time_mu < start
        assert track(laboratory.events(), tone, "attenuation")[-1][1] == 7.5
    phases = [track(events, tone, "phase")[0][1] for tone in TONES]
    np.testing.assert_allclose(phases, phases[0], atol=2 / 2**16)


def test_the_longitudinal_field_falls_linearly_in_phase(laboratory):
    _, events = laboratory.take(plan())
    alone = track(events, "longitudinal_switch")[-1][0]
    (_, *falling) = track(events, "longitudinal", "amplitude")
    steps = len(falling)
    assert steps == 17  # 10 us each, the shortest that is allowed
    left = 1 - (np.arange(steps) + 0.5) / steps
    amplitudes = [amplitude for _, amplitude in falling]
    np.testing.assert_allclose(amplitudes, AMPLITUDE * left, atol=2**-14)
    times = np.array([time_mu for time_mu, _ in falling])
    assert set(np.diff(times)) == {10_000}
    assert alone - 180_000 < times[0] < alone - 160_000
    phases = [phase for _, phase in track(events, "longitudinal", "phase")]
    np.testing.assert_allclose(phases, phases[0], atol=2 / 2**16)


def test_slack_is_asked_for_before_a_shot():
    """Of two laboratories that differ in nothing else, the later one waits longer."""
    begun = []
    for start in (3e-3, 4e-3):
        made = plan()
        made.apparatus = replace(APPARATUS, timing=TIMING.replace(start=start))
        _, events = Laboratory().take(made)
        begun.append(track(events, "ttl_prepare")[0][0])
    assert begun[1] - begun[0] == 1_000_000


def test_the_frames_are_those_of_the_armed_camera(laboratory):
    raw, _ = laboratory.take(plan())
    by_name = {entry.key: value for entry, value in raw.items()}
    assert by_name["shot.frames"].shape[0] == 2
    assert by_name["shot.exposure"] == pytest.approx(41e-6)
    assert by_name["shot.saturated"] == 0


def test_the_pattern_of_the_shot_is_on_the_mirror(laboratory):
    raw, _ = laboratory.take(plan())
    assert raw[HologramRecord.pattern_shown]
    assert laboratory.shot.dmd.displayed() != -1


def test_a_missing_frame_is_an_error(laboratory):
    made = plan()
    quick = APPARATUS.imaging.replace(readout_time=1e-3)  # the camera needs 30 ms
    made.apparatus = replace(APPARATUS, imaging=quick)
    with pytest.raises(DeviceTimeoutError, match="1 of 2 frames missing"):
        laboratory.take(made)


# The safe state --------------------------------------------------------------------


def test_everything_is_off_whatever_was_on(laboratory):
    laboratory.on()
    laboratory.shot.make_safe()
    assert laboratory.unsafe() == set()


def test_bringing_up_finds_everything_on_and_leaves_it_off(laboratory):
    laboratory.on()
    before = len(laboratory.events())
    laboratory.shot.arrange(plan(), afresh=True)
    assert laboratory.unsafe() == set()
    events = laboratory.events()[before:]
    # Each tone's chip is reset and synchronised; the DAC is told not to clear itself.
    assert len(track(events, "ttl_urukul0_io_update")) == 2 * 4 * len(TONES)
    assert track(events, "ttl_zotino0_clr")[0][1] == 1
    # The card's clock for that runs since it was first brought up.
    assert track(laboratory.events(), "ttl_urukul0_sync", "frequency")
    # Waits are for the cards, not for the operator.
    assert events[-1][0] - events[0][0] < 0.5e9


@pytest.mark.parametrize(
    ("part", "off"),
    [
        ("tones_safe", {f"{tone}_switch" for tone in TONES}),
        ("pump_off", {"pump_plus_switch", "pump_minus_switch", "pump_servo"}),
        ("imaging_safe", {"local_oscillator_switch", "ttl_camera"}),
    ],
)
def test_each_part_switches_off_its_own_lines(laboratory, part, off):
    laboratory.on()
    getattr(laboratory.parts, part)()
    assert laboratory.unsafe() == {*LINES, "pump_servo"} - off


def test_the_safe_state_needs_no_plan(laboratory):
    laboratory.parts.everything_on()
    laboratory.shot.make_safe()
    assert laboratory.unsafe() == set()


def test_parts_that_nobody_configured_have_the_timing_of_the_laboratory(laboratory):
    parts, timing, tones = laboratory.parts, Timing(), Tones()
    assert parts.tones.frequency == tones.frequency
    assert parts.tones.attenuation == tones.attenuation
    guard, settling = timing.reference_guard, timing.dac_settling
    laboratory.shot.arrange(plan(), afresh=True)
    assert parts.expose(30e-6) == round(1e9 * (2 * guard + 30e-6))
    assert parts.pump_off() == BUS + LOAD + round(1e9 * settling)
    # The ramp is one set-point, zero.
    assert parts.ramp() == 10_000
    assert laboratory.plant.timeline.signals().count(("zotino0", "dac0")) == 0


def test_the_mirror_is_blank_and_the_camera_not_armed(laboratory):
    shot = laboratory.shot
    shot.arrange(plan(), afresh=True)
    handle = shot.dmd.load("cue", np.array([[30e-6, 0.0]]), np.ones(1))
    shot.dmd.display(handle)
    arm_id = shot.camera.arm(2, 50e-6)
    shot.make_safe()
    assert shot.dmd.displayed() == -1
    with pytest.raises(DeviceError, match="not the present one"):
        shot.camera.fetch(arm_id, 1.0)


@pytest.mark.parametrize("failing", ["switch_off", "camera.abort", "dmd.blank"])
def test_whichever_fails_the_others_are_made_safe(laboratory, failing):
    laboratory.on()
    shot = laboratory.shot
    shot.dmd.display(shot.dmd.load("cue", np.array([[30e-6, 0.0]]), np.ones(1)))
    arm_id = shot.camera.arm(2, 50e-6)
    *path, name = failing.split(".")
    broken = getattr(shot, path[0]) if path else shot
    setattr(broken, name, _fail)
    with pytest.raises(OSError, match="connection lost"):
        shot.make_safe()
    assert (shot.dmd.displayed() == -1) == (failing != "dmd.blank")
    assert (laboratory.unsafe() == set()) == (failing != "switch_off")
    if failing != "camera.abort":
        with pytest.raises(DeviceError, match="not the present one"):
            shot.camera.fetch(arm_id, 1.0)


def _fail():
    raise OSError("connection lost")
