"""`ccqed belief`: what it shows, and that it changes nothing but what was asked."""

from __future__ import annotations

import datetime
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl import belief, belief_command, cli, notation
from ccqed_ctrl.belief import Apparatus, Laboratory, Source
from ccqed_ctrl.calibration import stored
from ccqed_ctrl.errors import CalibrationError, ParameterError
from ccqed_ctrl.units import angular
from sim_backend.host.dataset_db import DatasetDB

DAY = datetime.date(2026, 1, 2)
TEXT = belief.written(Apparatus(), "2025-12-01", "default")
#: A device database that imports what stands beside it, as one may.
DEVICE_DB = """
from pathlib import Path
from here import MODULE
device_db = {"laboratory": {
    "type": "local", "module": MODULE, "class": "Laboratory",
    "arguments": {"path": str(Path(__file__).resolve().with_name("laboratory.toml"))},
}}
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Stand in a folder below a laboratory."""
    (tmp_path / "device_db.py").write_text(DEVICE_DB)
    (tmp_path / "here.py").write_text('MODULE = "ccqed_ctrl.belief"\n')
    (tmp_path / "laboratory.toml").write_text(TEXT)
    (tmp_path / "notes").mkdir()
    monkeypatch.chdir(tmp_path / "notes")
    return tmp_path


def record(path: Path, key: str, value: float) -> None:
    """Store a calibration record as a run on the embedded host does."""
    stored = DatasetDB(path)
    found = {"value": value, "rid": 12, "time": "2026-01-03"}
    change = {"action": "setitem", "path": [], "key": key, "value": (True, found, {})}
    stored.update(change)
    stored.save()


def lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if "│" in line]


def test_show_lists_every_value_with_its_source(folder, capsys):
    assert cli.main(["belief"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == str(folder / "laboratory.toml")
    assert len(lines(printed)) == len(belief.named())
    (kappa,) = [line for line in lines(printed) if "cavity.kappa" in line]
    assert [cell.strip() for cell in kappa.strip("│").split("│")] == [
        "cavity.kappa", "2pi*150 kHz", "default", "2025-12-01",
    ]  # fmt: skip


def test_show_takes_groups_and_values(folder, capsys):
    assert cli.main(["belief", "show", "pump", "timing.lead"]) == 0
    shown = [line.split()[1] for line in lines(capsys.readouterr().out)]
    assert shown == [
        "pump.rabi_frequency", "pump.atomic_detuning", "pump.omega_z", "timing.lead",
    ]  # fmt: skip


def test_what_is_shown_can_be_typed_again(folder, capsys):
    cli.main(["belief", "show"])
    shown = {
        cells[1].strip(): cells[2].strip()
        for cells in (line.split("│") for line in lines(capsys.readouterr().out))
    }
    for name, declared in belief.named().items():
        value = notation.number(shown[name], declared.meaning.unit)
        assert value == pytest.approx(declared.default, rel=1e-11)


def test_a_calibration_record_is_shown_in_place_of_the_file(folder, capsys):
    record(Path("dataset_db.sqlite"), "calibration.cavity.kappa", angular(148e3))
    record(Path("dataset_db.sqlite"), "kappa", 1.0)
    assert cli.main(["belief", "show", "cavity.kappa"]) == 0
    printed = capsys.readouterr().out
    assert "2pi*148 kHz" in printed
    assert "measured in run 12" in printed


def test_set_changes_value_date_source_and_why_and_nothing_else(folder, capsys):
    asked = ["cavity.kappa=2pi*152kHz", "cloud.atoms=9e4", "--why", 'ring-down, "p. 3"']
    assert cli.main(["belief", "set", *asked]) == 0
    today = datetime.date.today().isoformat()
    old, new = TEXT.splitlines(), (folder / "laboratory.toml").read_text().splitlines()
    assert [line for line in new if line not in old] == [
        'kappa = { value = 152.0, unit = "2pi kHz", '
        f'date = {today}, source = "typed by hand", why = "ring-down, \\"p. 3\\"" }}',
        f'atoms = {{ value = 90000, date = {today}, source = "typed by hand", '
        'why = "ring-down, \\"p. 3\\"" }',
    ]
    assert len(new) == len(old)
    read = Laboratory(None, str(folder / "laboratory.toml")).belief()
    assert read.apparatus.cavity.kappa == pytest.approx(angular(152e3), rel=1e-15)
    assert read.apparatus.cloud.atoms == 90_000
    said = Source("typed by hand", today, 'ring-down, "p. 3"')
    assert read.sources["cavity.kappa"] == said
    assert [line.split("│")[1:4] for line in lines(capsys.readouterr().out)] == [
        [" cavity.kappa ", " 2pi*150 kHz ", " 2pi*152 kHz "],
        [" cloud.atoms  ", " 100000      ", " 90000       "],
    ]


def test_set_says_that_a_record_stands_above(folder, caplog):
    record(Path("dataset_db.sqlite"), "calibration.cavity.kappa", angular(148e3))
    asked = ["cavity.kappa=2pi*152kHz", "timing.lead=90us", "--why", "x"]
    assert cli.main(["belief", "set", *asked]) == 0
    (said,) = caplog.messages
    assert "dataset calibration.cavity.kappa stands above" in said


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        ([], "what is to be set?"),
        (["cavity.kappa"], "NAME=VALUE; got 'cavity.kappa'"),
        (["kappa=1"], "did you mean cavity.kappa?"),
        (["cavity.kapa=1"], "did you mean cavity.kappa?"),
        (["phase=1"], "did you mean longitudinal.phase or imaging.phase?"),
        (["=1"], "nothing of ''"),
        (["cavity.kappa=152kHz"], "did you mean 2pi*152kHz?"),
        (["cavity.kappa=-1"], "Cavity.kappa must be a finite number in"),
        (["cloud.atoms=1.5"], "Cloud.atoms must be a whole number"),
        (["timing.lead=1us", "timing.lead=2us"], "timing.lead is set twice"),
        (["timing.lead=50us", "pump.omega_z=0"], "Pump.omega_z must be"),
    ],
)
def test_what_is_refused_leaves_the_file_as_it_was(folder, capsys, asked, sentence):
    assert cli.main(["belief", "set", *asked, "--why", "x"]) == cli.BAD_INPUT
    assert sentence in capsys.readouterr().err
    assert (folder / "laboratory.toml").read_text() == TEXT
    assert len(list(folder.iterdir())) == 4


@pytest.mark.parametrize("why", [[], ["--why", " "]])
def test_nothing_is_set_without_a_reason(folder, capsys, why):
    assert cli.main(["belief", "set", "timing.lead=90us", *why]) == cli.BAD_INPUT
    assert "--why" in capsys.readouterr().err
    assert (folder / "laboratory.toml").read_text() == TEXT


def test_a_reason_without_set_is_refused(folder, capsys):
    assert cli.main(["belief", "--why", "x"]) == cli.BAD_INPUT
    assert "belongs to: ccqed belief set" in capsys.readouterr().err


def test_the_file_keeps_its_unit_line_ends_layout_and_mode(folder):
    path = folder / "laboratory.toml"
    entry = 'value = 150.0, unit = "2pi kHz", date = 2025-12-01, source = "default"'
    own = "unit='2pi MHz', source='default', value=+0.15"
    assert entry in TEXT
    old = TEXT.replace(f"{{ {entry} }}", f"{{{own}}}  # Fig. 2").replace("\n", "\r\n")
    path.write_bytes(old.encode())
    path.chmod(0o640)
    link = folder / "notes" / "laboratory.toml"
    path.rename(link)
    path.symlink_to(link)
    asked = ["cavity.kappa=2pi*152kHz", "--why", "ring-down"]
    assert cli.main(["belief", "set", *asked]) == 0
    new = path.read_bytes().decode()
    changed = own.replace("+0.15", "0.152").replace("'default'", '"typed by hand"')
    (line,) = [line for line in new.split("\r\n") if line.startswith("kappa")]
    assert line.startswith(f"kappa = {{{changed}, date = ")
    assert line.endswith(', why = "ring-down" }  # Fig. 2')
    assert new.count("\n") == new.count("\r\n")
    assert path.is_symlink()
    assert link.stat().st_mode & 0o777 == 0o640
    assert tomllib.loads(new)["cavity"]["kappa"]["why"] == "ring-down"


NAMES = sorted(belief.named())


@given(name=st.sampled_from(NAMES), factor=st.floats(0.5, 2.0), why=st.text(min_size=1))
def test_any_value_is_read_as_it_was_typed(name, factor, why):
    declared = belief.named()[name]
    value = declared.kind((declared.default or 1.0) * factor)
    try:
        value = declared.validated(value)
    except ParameterError:
        value = declared.default
    text = belief_command.changed(TEXT, {name: value}, DAY, why)
    values, sources = belief.parse(text, Path("laboratory.toml"))
    before, _ = belief.parse(TEXT, Path("laboratory.toml"))
    assert values.pop(name) == pytest.approx(value, rel=1e-14)
    before.pop(name)
    assert values == before
    assert sources[name] == Source("typed by hand", "2026-01-02", why)


@pytest.mark.parametrize(
    ("device_db", "sentence"),
    [
        ("device_db = {}", "has no entry 'laboratory'"),
        ("device_db = {'laboratory': 'elsewhere'}", "has no entry 'laboratory'"),
        ("1 / 0", "device_db.py fails: ZeroDivisionError"),
        ("devices = {}", "device_db.py fails: KeyError: 'device_db'"),
    ],
)
def test_device_databases_that_do_not_say_where(folder, capsys, device_db, sentence):
    (folder / "device_db.py").write_text(device_db)
    assert cli.main(["belief"]) > 0
    assert sentence in capsys.readouterr().err


def test_no_device_database(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert cli.main(["belief"]) == cli.BAD_INPUT
    assert "no device_db.py in this folder or above" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_a_sentence(folder, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(belief_command.os, "fsync", full)
    options = ["belief", "set", "timing.lead=90us", "--why", "x"]
    assert cli.main(options) == cli.RUN_FAILED
    assert (folder / "laboratory.toml").read_text() == TEXT
    assert not list(folder.glob("tmp*"))


def test_datasets_of_another_kind_are_refused(tmp_path):
    other = tmp_path / "dataset_db.mdb"
    other.write_bytes(b"LMDB" * 2000)
    with pytest.raises(CalibrationError, match="of artiq_master is of another kind"):
        stored.read(other)
