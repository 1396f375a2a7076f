"""What is true of the simulated laboratory, in the classes the control side believes.

Experiments never see a scenario; they hold their own `params`, and differences between
the two are what calibration errors are.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from ccqed_ctrl import checks, notation, pyon
from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.model.dmd_pixels import Mirrors
from ccqed_ctrl.params import (
    Cavity,
    Cloud,
    Imaging,
    LongitudinalCalibration,
    Pump,
    PumpCalibration,
)
from ccqed_ctrl.quantities import quantity
from ccqed_ctrl.units import angular, si_unit
from sim_backend.crate.plant import Knob

from . import scenarios
from .faults import Rule
from .imperfections import (
    Alignment,
    Camera,
    Delays,
    Detection,
    Imperfections,
    LightShifts,
    Lock,
    Losses,
    PatternDisplay,
    PumpBeam,
    Resolution,
    SiteImaging,
    Trapping,
)
from .physics.cavity import ModeFamily
from .physics.system import OhmicNoise
from .transmission import ProbeLight

#: Dynamics of the ensembles, by name (physics.md).
DYNAMICS = ("steepest_descent", "mean_field", "semiclassical")
#: Flip rates, by name.
FLIP_RATES = ("exact", "printed")


@dataclass(frozen=True)
class Scenario:
    """The truth: apparatus, imperfections, faults, and which dynamics rule.

    Every value is stated here: what the control side believes may change without it.
    """

    dynamics: str = quantity("semiclassical", f"one of {', '.join(DYNAMICS)}")
    flip_rates: str = quantity("exact", f"of the spins, one of {', '.join(FLIP_RATES)}")
    cavity: Cavity = Cavity(
        waist=35.2336e-6,
        kappa=angular(150e3),
        pump_detuning=angular(-3e6),
        single_photon_coupling=angular(1.5e6),
    )
    pump: Pump = Pump(
        rabi_frequency=angular(151.3e6), atomic_detuning=angular(-100e9), omega_z=1e6
    )
    cloud: Cloud = Cloud(size=35.2336e-6 / math.sqrt(80.0), atoms=100_000)
    pump_calibration: PumpCalibration = PumpCalibration(
        rabi_frequency_1v=angular(150e6)
    )
    longitudinal: LongitudinalCalibration = LongitudinalCalibration(
        full_scale=5e6, phase=0.0
    )
    imaging: Imaging = Imaging(
        pixels=256,
        pixel_size=0.036 * 35.2336e-6,
        carrier_x=36.0 / 35.2336e-6,
        carrier_y=36.0 / 35.2336e-6,
        phase=0.0,
        electrons_per_count=1.5,
        offset=500.0,
        read_noise=6.0,
        saturation=65535,
        readout_time=30e-3,
    )
    imperfections: Imperfections = Imperfections()
    detection: Detection = Detection()
    camera: Camera = Camera()
    alignment: Alignment = Alignment()
    resolution: Resolution = Resolution()
    pump_beam: PumpBeam = PumpBeam()
    dmd: PatternDisplay = PatternDisplay()
    mirrors: Mirrors = Mirrors(
        columns=1024,
        rows=768,
        pitch=0.5e-6,
        rotation=0.0,
        mirrored=False,
        centre_x=0.0,
        centre_y=0.0,
        carrier_x=0.2301,
        carrier_y=0.3685,
        aperture=1e6,
        spot=3.9392e-6,
        share=0.8,
    )
    traps: Trapping = Trapping()
    site_imaging: SiteImaging = SiteImaging()
    delays: Delays = Delays()
    lock: Lock = Lock()
    probe: ProbeLight = ProbeLight()
    light_shifts: LightShifts = LightShifts()
    losses: Losses = Losses()
    modes: ModeFamily = ModeFamily()
    noise: OhmicNoise = OhmicNoise()
    empty_sites: tuple[int, ...] = quantity((), "numbers of traps that load no atoms")
    faults: tuple[str, ...] = quantity(
        (), "what goes wrong: NAME@shot=N, NAME@p=P or NAME@time=S (docs/faults.md)"
    )

    def __post_init__(self) -> None:
        for name, allowed in (("dynamics", DYNAMICS), ("flip_rates", FLIP_RATES)):
            checks.choice(f"Scenario.{name}", getattr(self, name), allowed)
        listed = checks.array("Scenario.empty_sites", self.empty_sites, ("K",))
        sites = tuple(checks.integer("empty site", site, 0) for site in listed)
        object.__setattr__(self, "empty_sites", sites)
        object.__setattr__(self, "faults", _rules(self.faults))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Build from nested plain values, as a device_db argument holds them.

        Raises
        ------
        ParameterError
            An unknown name or a bad value.
        """
        fields = {f.name: f for f in dataclasses.fields(cls)}
        unknown = sorted(set(values) - set(fields))
        if unknown:
            raise ParameterError(
                f"Scenario has no field {unknown[0]!r}; it has {', '.join(fields)}"
            )
        made = {
            name: _nested(name, fields[name].default, value)
            for name, value in values.items()
        }
        return cls(**made)

    def to_dict(self) -> dict[str, Any]:
        """Return nested plain values."""
        return dataclasses.asdict(self)


class ScenarioTruth:
    """The options of this laboratory's truth: the fields of a `Scenario`."""

    def parse(self, texts: Sequence[str]) -> dict[str, Any]:
        """Turn scenarios, and NAME=VALUE texts above them, into nested changes.

        Raises
        ------
        ParameterError
            A text that is none of these.
        """
        changes: dict[str, Any] = {}
        for text in texts:
            if "=" not in text:
                _merge(changes, scenarios.read(text))
        single: dict[str, Any] = {}
        for text in texts:
            if "=" in text:
                _set(single, text)
        _merge(changes, single)
        return changes

    def resolve(self, changes: Mapping[str, Any]) -> dict[str, Any]:
        """Return every value of the scenario with the changes made.

        Raises
        ------
        ParameterError
            An unknown name or a bad value.
        """
        return Scenario.from_dict(changes).to_dict()

    def knobs(self) -> list[Knob]:
        """Return every value there is to change, with its default and meaning."""
        return list(_knobs(Scenario(), ""))


def _knobs(group: Any, path: str) -> Iterator[Knob]:
    for item in dataclasses.fields(group):
        value = getattr(group, item.name)
        if dataclasses.is_dataclass(value):
            yield from _knobs(value, f"{item.name}.")
            continue
        meaning = item.metadata["quantity"]
        unit = si_unit(meaning.unit)
        yield Knob(f"{path}{item.name}", value, unit, meaning.doc)


TRUTH = ScenarioTruth()


def _set(changes: dict[str, Any], text: str) -> None:
    """Make one NAME=VALUE or GROUP.NAME=VALUE a nested change."""
    path, _, value = text.partition("=")
    *groups, name = path.split(".")
    if not all(part.isidentifier() for part in (*groups, name)):
        raise ParameterError(
            f"--twin takes NAME=VALUE or GROUP.NAME=VALUE; got {text!r}"
        )
    group = changes
    for part in groups:
        group = group.setdefault(part, {})
        if not isinstance(group, dict):
            raise ParameterError(f"--twin gives {part!r} a value and a field")
    group[name] = pyon.read(value)


def _rules(faults: Any) -> tuple[str, ...]:
    """Return the faults, all of which are known."""
    if isinstance(faults, str | Mapping) or not isinstance(faults, Iterable):
        raise ParameterError(f"Scenario.faults must be a list of texts; got {faults!r}")
    texts = tuple(faults)
    for text in texts:
        Rule.parse(text)
    return texts


def _merge(changes: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Put the changes `above` over others, group by group."""
    for name, value in above.items():
        if isinstance(value, Mapping) and isinstance(changes.get(name), dict):
            _merge(changes[name], value)
        else:
            changes[name] = value


def _nested(name: str, default: Any, value: Any) -> Any:
    """Return the group's dataclass from a mapping; plain fields pass through."""
    if not dataclasses.is_dataclass(default):
        return value
    group: Any = type(default)
    if not isinstance(value, Mapping):
        raise ParameterError(
            f"Scenario.{name} is a group of values (a {group.__name__}); got {value!r}"
        )
    known = [item.name for item in dataclasses.fields(group)]
    unknown = sorted(set(value) - set(known))
    if unknown:
        raise ParameterError(
            f"{group.__name__} has no field {unknown[0]!r}; it has {', '.join(known)}"
        )
    stated: Any = default
    read = {inner: _number(stated, inner, given) for inner, given in value.items()}
    return dataclasses.replace(stated, **read)


def _number(group: Any, name: str, value: Any) -> Any:
    """Return a number written with its unit as SI; all else as it is."""
    if not isinstance(value, str) or isinstance(getattr(group, name), str):
        return value
    meaning = type(group).__dataclass_fields__[name].metadata["quantity"]
    try:
        return notation.number(value, meaning.unit)
    except ParameterError as error:
        raise ParameterError(f"{type(group).__name__}.{name} {error}") from error
