"""Groups as argument handles: what the dashboard sees, what any route may hand over."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from artiq.experiment import HasEnvironment, RangeScan
from artiq.language.environment import ProcessArgumentManager, TraceArgumentManager

from ccqed_ctrl.arguments import arguments
from ccqed_ctrl.errors import ExperimentError, ParameterError
from ccqed_ctrl.params import Cloud, Cue, Layout, Memories, Run, Sequence
from ccqed_ctrl.quantities import Parameters, quantity


@dataclass(frozen=True)
class Light(Parameters):
    """Knobs of kinds that recall does not have."""

    detuning: float = quantity(-3e6, "signed", "MHz", maximum=0.0)
    locked: bool = quantity(True, "a switch")
    mode: str = quantity("slow", "a choice", choices=("slow", "fast"))


class Environment(HasEnvironment):
    """An experiment that declares what it is told to."""

    def build(self, declare):
        self.handle = declare(self)


def declared(declare, **given):
    managers = (None, None, ProcessArgumentManager(given), {})
    return Environment(managers, declare).handle


def looks(declare):
    trace = TraceArgumentManager()
    Environment((None, None, trace, {}), declare)
    return {
        name: processor.describe()
        for name, (processor, _, _) in trace.requested_args.items()
    }


def whole(group, **options):
    return lambda experiment: arguments(experiment, group, "Title", **options)


def test_the_dashboard_sees_artiqs_own_processors():
    found = looks(whole(Sequence)) | looks(whole(Light)) | looks(whole(Memories))
    assert {name: about["ty"] for name, about in found.items()} == {
        "ramp_time": "NumberValue", "pump_over_threshold": "NumberValue",
        "field_ratio": "NumberValue", "noise": "BooleanValue",
        "hold_time": "NumberValue",
        "field_off_time": "NumberValue",
        "evolution_time": "NumberValue", "exposure": "NumberValue",
        "detuning": "NumberValue", "locked": "BooleanValue",
        "mode": "EnumerationValue", "patterns": "StringValue",
        "image_size": "StringValue", "encoder": "EnumerationValue",
    }  # fmt: skip
    evolution = found["evolution_time"]
    assert (evolution["unit"], evolution["scale"]) == ("ms", 1e-3)
    assert evolution["step"] == pytest.approx(1e-3)
    assert (evolution["default"], evolution["max"]) == (10e-3, 10.0)
    assert found["detuning"]["default"] == -3e6
    assert found["image_size"]["default"] == ""
    assert looks(whole(Cloud))["atoms"]["step"] == 1000


def test_defaults():
    assert declared(whole(Light)).collect() == Light()
    assert declared(whole(Layout)).collect() == Layout()


@pytest.mark.parametrize(
    ("group", "name", "given", "value"),
    [
        (Cue, "corruption", 0.2, 0.2), (Cue, "corruption", "20%", 0.2),
        (Sequence, "evolution_time", "5ms", 5e-3),
        (Sequence, "evolution_time", "5*ms", 5e-3), (Cue, "memory", 3, "3"),
        (Cue, "memory", "heart", "heart"), (Cue, "memory", '"heart"', "heart"),
        (Run, "seed", str(2**60 + 1), 2**60 + 1), (Run, "shots", 3.0, 3),
        (Light, "locked", "false", False), (Light, "locked", False, False),
        (Light, "mode", "fast", "fast"), (Light, "detuning", "-2.5 MHz", -2.5e6),
        (Layout, "ensembles", "", None), (Layout, "ensembles", None, None),
        (Layout, "ensembles", "16", 16), (Memories, "image_size", 8, 8),
    ],
)  # fmt: skip
def test_what_people_write_is_understood(group, name, given, value):
    assert getattr(declared(whole(group), **{name: given}).collect(), name) == value


@pytest.mark.parametrize(
    ("group", "name", "given"),
    [
        (Cue, "corruption", "120%"), (Cue, "corruption", 1.5), (Run, "shots", 1.5),
        (Run, "shots", "1.5"), (Run, "shots", True), (Run, "shots", 0),
        (Sequence, "evolution_time", "5 kHz"), (Sequence, "evolution_time", "soon"),
        (Light, "locked", "maybe"), (Light, "locked", 1), (Light, "mode", "medium"),
        (Light, "detuning", 1.0), (Layout, "ensembles", "many"),
        (Cue, "corruption", "0:2:3"), (Cue, "corruption", []),
    ],
)  # fmt: skip
def test_what_is_refused_names_the_field(group, name, given):
    with pytest.raises(ParameterError, match=rf"{group.__name__}\.{name}"):
        declared(whole(group), **{name: given})


@pytest.mark.parametrize(
    ("group", "name", "given", "form"),
    [
        (Cue, "corruption", "20", "20%"),
        (Sequence, "evolution_time", "500", "500ms"),
        (Light, "detuning", "5", None), (Cue, "corruption", "120%", None),
        (Cue, "corruption", 20, None), (Run, "shots", "0", None),
        (Cue, "corruption", "-3", None), (Light, "mode", "medium", None),
    ],
)  # fmt: skip
def test_a_number_without_its_unit_is_shown_with_it(group, name, given, form):
    with pytest.raises(ParameterError) as refusal:
        declared(whole(group), **{name: given})
    _, *meant = str(refusal.value).split("; did you mean ")
    assert meant == ([f"{form}?"] if form else [])
    if form:
        declared(whole(group), **{name: form})


@pytest.mark.parametrize(
    "given",
    ["0:0.4:5", "0,0.1,0.2,0.3,0.4", [0, 0.1, 0.2, 0.3, 0.4],
     {"ty": "RangeScan", "start": 0.0, "stop": 0.4, "npoints": 5}],
)  # fmt: skip
def test_any_field_takes_a_scan(given):
    handle = declared(whole(Cue), corruption=given)
    assert handle.scans["corruption"] == pytest.approx([0, 0.1, 0.2, 0.3, 0.4])
    assert handle.collect({"corruption": 0.3}).corruption == 0.3
    with pytest.raises(ParameterError, match=r"Cue\.corruption cannot be scanned here"):
        handle.collect()


def test_choices_and_switches_are_scanned_too():
    assert declared(whole(Light), mode="slow,fast").scans == {"mode": ("slow", "fast")}
    assert declared(whole(Light), locked="true,false").scans == {
        "locked": (True, False)
    }
    for given in (["heart", "cup"], '["heart", "cup"]'):
        scans = declared(whole(Cue), memory=given).scans
        assert scans == {"memory": ("heart", "cup")}


def test_what_the_dashboard_may_scan_is_artiqs_scannable():
    wanted = whole(Cue, scannable={"corruption": RangeScan(0.0, 0.4, 3)})
    about = looks(wanted)["corruption"]
    assert (about["ty"], about["global_min"], about["global_max"]) == (
        "Scannable", 0.0, 1.0,
    )  # fmt: skip
    assert declared(wanted).scans["corruption"] == pytest.approx([0, 0.2, 0.4])
    assert declared(wanted, corruption=0.1).collect().corruption == 0.1
    single = {"ty": "NoScan", "value": 0.3, "repetitions": 1}
    assert declared(wanted, corruption=single).collect().corruption == 0.3
    # By default one value, and the dashboard offers more.
    assert declared(whole(Cue, scannable={"corruption": None})).scans == {}


def test_a_calibrated_argument_left_unset_is_what_is_believed_at_prepare():
    atoms = whole(Cloud, names=["atoms"], calibrated=True)
    believed = Cloud(size=5e-6, atoms=70_000)
    assert declared(atoms).collect(base=believed) == believed
    asked = declared(atoms, atoms="80000").collect(base=believed)
    assert asked == Cloud(size=5e-6, atoms=80_000)
    assert looks(atoms)["atoms"]["default"] == ""


def test_two_groups_cannot_share_a_name():
    def twice(experiment):
        arguments(experiment, Cue, "A")
        return arguments(experiment, Cue, "B", ["memory"])

    with pytest.raises(ExperimentError, match="'memory' of Cue is declared already"):
        declared(twice)


def test_an_unknown_field_is_refused():
    with pytest.raises(ExperimentError, match="Cue has no field 'memroy'"):
        declared(whole(Cue, names=["memroy"]))


def test_an_experiment_may_have_defaults_of_its_own():
    slow = Sequence(hold_time=2e-3, noise=False)
    wanted = whole(Sequence, default=slow, scannable={"exposure": None})
    found = looks(wanted)
    assert found["hold_time"]["default"] == 2e-3
    assert found["hold_time"]["step"] == pytest.approx(1e-4)
    assert declared(wanted).collect() == slow
    assert declared(wanted, hold_time="1ms").collect() == slow.replace(hold_time=1e-3)
    assert declared(whole(Sequence, names=["exposure"], default=slow)).collect() == slow


@pytest.mark.parametrize(
    ("scan", "message"),
    [
        ({"ty": "RangeScan", "start": 0, "stop": 1, "npoints": 10**12}, "at most"),
        ({"ty": "CenterScan", "center": 0, "span": 1, "step": 1e-12}, "at most"),
        ({"ty": "CenterScan", "center": 0, "span": 1, "step": 0}, "no scan"),
        ({"ty": "NoScan", "value": 0, "repetitions": 10**12}, "at most"),
        ({"ty": "NoScan", "value": 0, "repetitions": float("nan")}, "at most"),
        ({"ty": "RangeScan", "start": 0, "stop": 1}, "no scan"),
        ({"ty": "EndlessScan"}, "must be one of NoScan, RangeScan"),
        ({"ty": ["RangeScan"]}, "must be one of"),
    ],
)
@pytest.mark.parametrize("scannable", [None, {"corruption": None}])
def test_endless_and_unknown_scans_are_refused(scan, message, scannable):
    with pytest.raises(ParameterError, match=message):
        declared(whole(Cue, scannable=scannable), corruption=scan)


@pytest.mark.parametrize("scannable", [None, {"image_size": None}])
def test_a_scan_of_whole_numbers_goes_through_no_others(scannable):
    scan = {"ty": "ExplicitScan", "sequence": [8, 8.5]}
    with pytest.raises(ParameterError, match="image_size must be a whole number"):
        declared(whole(Memories, scannable=scannable), image_size=scan)
