"""What the laboratory believes: the file, records above it, where values came from."""

from __future__ import annotations

import dataclasses
import runpy
from pathlib import Path

import pytest

from ccqed_ctrl import belief
from ccqed_ctrl.belief import Apparatus, Laboratory, Source
from ccqed_ctrl.errors import CalibrationError
from ccqed_ctrl.params import Cavity
from ccqed_ctrl.units import angular

ROOT = Path(__file__).parents[1]


@pytest.fixture
def laboratory(tmp_path):
    """Write a laboratory.toml, perhaps with a line replaced; returns the device."""

    def write(old="", new=""):
        text = belief.written(Apparatus(), "2026-01-02", "default")
        assert old in text
        path = tmp_path / "laboratory.toml"
        path.write_text(text.replace(old, new, 1))
        return Laboratory(None, str(path))

    return write


def test_what_is_written_is_read_again(laboratory):
    read = laboratory().belief()
    for name, declared in belief.named().items():
        group, _, item = name.partition(".")
        value = getattr(getattr(read.apparatus, group), item)
        assert value == pytest.approx(declared.default, rel=1e-11)
        assert type(value) is declared.kind
        assert read.sources[name] == Source("default", "2026-01-02")


def test_the_laboratorys_own_file_states_every_value():
    entry = runpy.run_path(str(ROOT / "device_db.py"))["device_db"]["laboratory"]
    path = Path(entry["arguments"]["path"])
    assert path == ROOT / "laboratory.toml"
    assert path.is_absolute()
    read = Laboratory(None, str(path)).belief()
    assert set(read.sources) == set(belief.named())
    assert len(read.sha256) == 64
    assert read.text == path.read_text()


def test_a_line_changed_by_hand(laboratory):
    read = laboratory(
        'kappa = { value = 150.0, unit = "2pi kHz", date = 2026-01-02, '
        'source = "default" }',
        'kappa = { value = 0.152, unit = "2pi MHz", date = 2026-11-25, '
        'source = "typed by hand", why = "ring-down" }',
    ).belief()
    assert read.apparatus.cavity.kappa == pytest.approx(angular(152e3))
    assert read.apparatus.cavity == Cavity(kappa=read.apparatus.cavity.kappa)
    assert read.sources["cavity.kappa"] == Source(
        "typed by hand", "2026-11-25", "ring-down"
    )


@pytest.mark.parametrize("digits", ["50.0", "50", "7.1", "33"])
def test_a_number_with_its_unit_is_that_of_a_command_line(laboratory, digits):
    """50 us times 1e-6 would be 4.9999999999999996e-05."""
    read = laboratory(
        "preparation = { value = 50.0", f"preparation = {{ value = {digits}"
    )
    assert read.belief().apparatus.timing.preparation == float(f"{digits}e-6")
    assert read.belief().apparatus.cavity.kappa == angular(150e3)


@pytest.mark.parametrize("value", ["inf", "nan", "-inf", f"1{'0' * 400}"])
def test_what_is_no_number_of_ours_is_refused(laboratory, value):
    read = laboratory(
        "preparation = { value = 50.0", f"preparation = {{ value = {value}"
    )
    with pytest.raises(CalibrationError, match="timing.preparation"):
        read.belief()


def test_a_calibration_record_stands_above_the_file(laboratory):
    records = {"calibration.cavity.kappa": {
        "value": angular(148e3), "rid": 12, "time": "2026-11-25T10:00:00",
    }}  # fmt: skip
    read = laboratory().belief(records.get)
    assert read.apparatus.cavity.kappa == angular(148e3)
    assert read.sources["cavity.kappa"] == Source(
        "measured in run 12", "2026-11-25T10:00:00"
    )


@pytest.mark.parametrize(
    "record", [3, {}, {"value": "a lot", "rid": 1, "time": ""}, {"value": -1.0},
               {"value": 1e6, "rid": "x", "time": ""}]
)  # fmt: skip
def test_a_record_that_is_none_is_refused_by_name(laboratory, record):
    with pytest.raises(CalibrationError, match="calibration.cavity.kappa must hold"):
        laboratory().belief({"calibration.cavity.kappa": record}.get)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("[cavity]", "[cavity", "is no TOML"),
        ("waist = {", "waste = {", "'cavity.waste' is no value of the laboratory"),
        ("waist = { value = 35.2336", "# ", "does not say cavity.waist"),
        ('unit = "um"', 'unit = "MHz"', "cavity.waist must be in units such as um"),
        ('unit = "2pi kHz"', 'unit = "kHz"', "cavity.kappa must be in units such as"),
        ("value = 35.2336", 'value = "wide"', "cavity.waist: Cavity.waist must be a"),
        ("value = 35.2336", "value = -1", "Cavity.waist must be a finite number in"),
        ("value = 35.2336,", "", "cavity.waist must have value and source"),
        ("value = 100000,", "value = 1.5,", "Cloud.atoms must be a whole number"),
        ("[cavity]", "[kavity]", "'kavity.waist' is no value"),
    ],
)
def test_a_bad_file_is_a_sentence_with_its_place(laboratory, old, new, sentence):
    device = laboratory(old, new)
    with pytest.raises(CalibrationError) as caught:
        device.belief()
    assert sentence in str(caught.value)
    assert str(device.path) in str(caught.value)


def test_a_missing_file_names_the_place(tmp_path):
    with pytest.raises(
        CalibrationError, match=r"nowhere/laboratory.toml.*'laboratory'"
    ):
        Laboratory(None, str(tmp_path / "nowhere" / "laboratory.toml")).belief()


def test_every_group_has_a_place():
    assert set(belief.GROUPS) == {item.name for item in dataclasses.fields(Apparatus)}
