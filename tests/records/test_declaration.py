"""Declared datasets: names are entries of the class, values of an instance."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import SchemaError
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.params import Sequence
from ccqed_ctrl.recalling import RecallRecord
from ccqed_ctrl.records import (
    Entry,
    Record,
    decoded,
    encoded,
    live,
    plan,
    row,
    setting,
    summary,
)
from ccqed_ctrl.records.shots import ShotRecord
from ccqed_ctrl.records.writing import DatasetWriter, merged, row_bytes, with_axes


class Rabi(ShotRecord):
    """What a user might declare."""

    length = plan("", "float64", "of the pulse", "us")
    names = plan("P", "str", "of the states")
    counts = row("P K2", "int64", "photons")
    contrast = summary("", "float64", "of the fringe")
    trace = live("T", "float64", "the last trace", "plot_xy")


class Owner:
    """A run's datasets, as ARTIQ keeps them."""

    def __init__(self):
        self.values, self.options = {}, {}

    def set_dataset(self, key, value, **options):
        self.values[key], self.options[key] = value, options

    def append_to_dataset(self, key, value):
        self.values[key].append(value)

    def get_dataset(self, key, default, archive=True):
        return self.values.get(key, default)


def test_names_are_keys():
    assert Rabi.length == Entry(
        "plan.length", (), "float64", "of the pulse", "us", planned=True
    )
    assert Rabi.counts.axes == ("S", "P", "K2")
    assert [e.key for e in Rabi.entries() if e.key not in
            {i.key for i in ShotRecord.entries()}] == [
        "plan.length", "plan.names", "shot.counts", "summary.contrast", "live.trace",
    ]  # fmt: skip


def test_a_misspelt_name_is_no_attribute():
    with pytest.raises(AttributeError, match="lenght"):
        Rabi.lenght  # noqa: B018


def test_one_line_adds_a_dataset_and_touches_no_other_record():
    before = {entry.key for entry in RecallRecord.entries()}

    class Longer(RecallRecord):
        bath = row("K2 S2", "float64", "axes that others use differently")

    added = {entry.key for entry in Longer.entries()} - before
    assert added == {"shot.bath"}
    assert {entry.key for entry in RecallRecord.entries()} == before


def test_every_declared_dataset_is_complete():
    for entry in RecallRecord.entries():
        assert entry.doc
        assert entry.dtype == "str" or np.dtype(entry.dtype).kind in "biufc"


def test_an_unknown_unit_is_refused_where_it_is_declared():
    with pytest.raises((SchemaError, RuntimeError)) as caught:

        class Bad(Record):
            x = plan("", "float64", "x", "furlong")

    found = caught.value.__cause__ or caught.value  # Python 3.11 wraps it
    assert "no unit 'furlong'" in str(found)


@pytest.mark.parametrize("axis", ["S", "K"])
@pytest.mark.parametrize("declare", [row, plan])
def test_the_axes_of_shots_and_points_are_reserved(declare, axis):
    with pytest.raises(SchemaError, match=f"axis '{axis}' of 'photons' is reserved"):

        class Bad(ShotRecord):
            x = declare(f"N {axis}", "float64", "photons")


def test_a_summary_has_points_but_no_shots():
    assert summary("K 2", "float64", "of the curve")
    with pytest.raises(SchemaError, match="axis 'S'"):
        summary("S", "float64", "of each shot")


def test_two_lines_of_one_name_are_refused():
    with pytest.raises(SchemaError, match="Bad.x: the name is taken, by a line above"):

        class Bad(Record):
            x = plan("", "float64", "first")
            x = row("", "float64", "second")  # noqa: PIE794


@pytest.mark.parametrize("name", ["counts", "point", "summarise", "points", "good"])
def test_a_name_that_the_record_has_already_is_refused(name):
    with pytest.raises(SchemaError, match=f"Bad.{name}: the name is taken, by Rabi"):
        type(Rabi)("Bad", (Rabi,), _body(Rabi, name))


def _body(base, name):
    """Return the body of a class that declares a dataset of that name."""
    body = type(base).__prepare__("Bad", (base,))
    body[name] = plan("", "float64", "x")
    return body


@pytest.mark.parametrize(
    ("entry", "value"),
    [
        (RecallRecord.seed, np.zeros(1, int)), (RecallRecord.seed, 3.0),
        (RecallRecord.seed, 2**70), (RecallRecord.seed, None),
        (RecallRecord.seed, "3"), (RecallRecord.spins, np.zeros(5, np.int8)),
        (RecallRecord.spins, [[1], [1, -1]]), (RecallRecord.spins, [[300, 1]]),
        (RecallRecord.frames, np.full((1, 2, 4, 4), -1)),
        (RecallRecord.frames, np.zeros((1, 2, 4, 4))),
        (RecallRecord.residual, np.zeros(3, complex)),
        (RecallRecord.positions, np.zeros((4, 3))),
        (RecallRecord.image_shape, [8, 8, 1]), (RecallRecord.names, "icons"),
        (RecallRecord.names, ["a", 3]), (RecallRecord.names, 3),
        (RecallRecord.sign_reference, ["x"]), (RecallRecord.sign_reference, 3),
    ],
)  # fmt: skip
def test_what_does_not_conform_is_refused_and_nothing_is_set(entry, value):
    owner = Owner()
    with pytest.raises(SchemaError, match=entry.key):
        DatasetWriter(owner).store({RecallRecord.condition: 1.0, entry: value})
    assert owner.values == {}


@given(st.integers(-(2**63), 2**63 - 1))
def test_scalars_become_python_numbers(value):
    result = RecallRecord.seed.conform(np.int64(value))
    assert (result, type(result)) == (value, int)


def test_what_is_stored_has_its_unit_and_is_read_back():
    owner = Owner()
    writer = DatasetWriter(owner)
    writer.store({RecallRecord.positions: np.zeros((4, 2)), RecallRecord.seed: 3})
    assert owner.options["plan.positions"] == {
        "unit": "um", "scale": 1e-6, "broadcast": False,
    }  # fmt: skip
    assert owner.options["plan.seed"] == {"broadcast": False}
    run = RecallRecord(writer)
    assert run.seed == 3
    assert run.positions.shape == (4, 2)
    assert run.has(RecallRecord.seed)
    assert not run.has(RecallRecord.frames)
    with pytest.raises(SchemaError, match="this run has stored no 'shot.frames'"):
        run.frames  # noqa: B018


def test_rows_grow_and_keep_their_types():
    writer = DatasetWriter(Owner())
    for index in range(3):
        writer.append(
            {
                RecallRecord.spins: np.full(4, index, np.int64),
                RecallRecord.residual: index / 2,
                RecallRecord.verdict: "ok",
            }
        )
    run = RecallRecord(writer)
    assert (run.spins.shape, run.spins.dtype) == ((3, 4), np.int8)
    np.testing.assert_array_equal(run.residual, [0, 0.5, 1])
    assert run.verdict == ["ok"] * 3
    np.testing.assert_array_equal(run.row(RecallRecord.spins, 2), [2, 2, 2, 2])
    good = np.array([True, False, True])
    np.testing.assert_array_equal(run.rows(RecallRecord.residual, good), [0, 1])


def test_a_row_that_does_not_fit_is_refused_whole():
    writer = DatasetWriter(Owner())
    writer.append({RecallRecord.spins: [1, -1], RecallRecord.residual: 0.0})
    with pytest.raises(SchemaError, match="shot.cue has N = 3, but shot.spins has 2"):
        writer.append({RecallRecord.residual: 1.0, RecallRecord.cue: [1, 1, 1]})
    assert len(RecallRecord(writer).residual) == 1
    with pytest.raises(SchemaError, match="no axis of shots"):
        writer.append({RecallRecord.seed: 1})


def test_axes_of_two_records_do_not_meddle():
    writer = DatasetWriter(Owner())
    writer.append({Rabi.counts: np.zeros((2, 7), int)})
    writer.append({Rabi.counts: np.zeros((2, 7), int)})
    assert Rabi(writer).counts.shape == (2, 2, 7)


def test_what_differs_from_point_to_point_is_stored_along_them():
    same = {RecallRecord.seed: 1, RecallRecord.names: ["a", "b"]}
    points = [
        {**same, RecallRecord.positions: np.full((3, 2), float(k))} for k in range(4)
    ]
    found = merged(points)
    assert found[RecallRecord.seed] == 1
    assert found[RecallRecord.names] == ["a", "b"]
    (varied,) = [entry for entry in found if entry.key == "plan.positions"]
    assert varied.axes == ("K", "N", "2")
    assert np.shape(found[varied]) == (4, 3, 2)
    stored = {entry.key: entry for entry in with_axes(RecallRecord.entries(), found)}
    assert stored["plan.positions"].axes == ("K", "N", "2")
    assert stored["plan.seed"].axes == ()


def test_what_differs_in_size_cannot_be_one_run():
    points = [{RecallRecord.positions: np.zeros((n, 2))} for n in (3, 4)]
    with pytest.raises(SchemaError, match="plan.positions differs in size from point"):
        merged(points)


def test_a_planned_value_is_known_for_each_shot():
    writer = DatasetWriter(Owner())
    writer.store(merged([{RecallRecord.cued: 3}, {RecallRecord.cued: 5}]))
    writer.store(merged([{RecallRecord.condition: 2.0}, {RecallRecord.condition: 2.0}]))
    for point in (0, 0, 1):
        writer.append({RecallRecord.point: point})
    run = RecallRecord(writer)
    np.testing.assert_array_equal(run.per_shot(RecallRecord.cued), [3, 3, 5])
    np.testing.assert_array_equal(run.per_shot(RecallRecord.condition), [2, 2, 2])


def test_the_schema_says_it_all_in_text():
    entries = [
        *HologramRecord.entries(),
        setting("sequence", "exposure", Sequence.declared()["exposure"]).along("K"),
    ]
    back = decoded(encoded(entries, "HologramRecord"))
    assert list(back.values()) == entries
    assert back["settings.sequence.exposure"].axes == ("K",)
    assert back["settings.sequence.exposure"].unit == "us"


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "{}", '{"revision": "x"}', '{"revision": 2, "datasets": []}',
     '{"revision": 2, "datasets": {"a": {}}}', "[" * 100_000,
     json.dumps({"revision": 2, "datasets": {"a": {
         "axes": [], "dtype": "nonsense", "unit": "", "doc": "", "planned": True,
         "applet": ""}}})],
)  # fmt: skip
def test_a_broken_schema_is_a_sentence(text):
    with pytest.raises(SchemaError, match="schema cannot be read"):
        decoded(text)


def test_a_newer_schema_is_refused():
    with pytest.raises(SchemaError, match="revision 3; this version reads up to 2"):
        decoded('{"revision": 3, "datasets": {}}')


def test_what_could_not_be_measured_is_not_a_measured_zero():
    assert np.isnan(RecallRecord.emission.empty({"N": 3})).all()
    assert RecallRecord.spins.empty({"N": 3}).tolist() == [0, 0, 0]
    assert RecallRecord.verdict.empty({}) == ""


def test_the_size_of_a_shot_is_that_of_its_axes():
    pixels = Entry("shot.frames", ("S", "row", "column"), "uint16", "")
    known = Entry("plan.picture", ("row", "column"), "float64", "", planned=True)
    others = [
        Entry("shot.spins", ("S", "ensemble", "2"), "int8", ""),
        Entry("shot.residual", ("S",), "float64", ""),
        Entry("summary.overlap", ("ensemble",), "float64", ""),
    ]
    told = {known: np.zeros((5, 7))}
    entries = [pixels, known, *others]
    assert row_bytes(entries, told, {"ensemble": 3}) == 5 * 7 * 2 + 3 * 2 + 8
    # Sizes that nobody tells: an axis counts once.
    assert row_bytes(entries, {}, {}) == 2 + 2 + 8
