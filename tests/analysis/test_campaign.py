"""Campaigns in one process: identity, storing, resuming, failing."""

from __future__ import annotations

import logging
import sqlite3

import h5py
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from analysis.campaign import Study, Task, load, open_store, run
from analysis.campaign.store import pack, unpack
from ccqed_ctrl.errors import CcqedError, ParameterError, ResultsError, ShapeError

from . import campaign_studies as studies

GRID = {"width": [0.5, 1.0, 1.5], "rule": ["sd", "0tmh"]}

names = st.text("abcdefgh", min_size=1, max_size=5)
values = st.one_of(
    st.booleans(),
    st.integers(-(2**60), 2**60),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5),
)
points = st.dictionaries(names, values, max_size=4)


@given(points, st.integers(0, 1000), st.randoms())
def test_identity_does_not_depend_on_the_order_of_parameters(point, seed, random):
    shuffled = list(point.items())
    random.shuffle(shuffled)
    assert Task(point, seed).key == Task(dict(shuffled), seed).key


@given(points, points, st.integers(0, 3), st.integers(0, 3))
def test_identity_tells_tasks_apart(first, second, one, other):
    def exact(point):
        # In Python True == 1; here they are two values of a parameter.
        return {k: (isinstance(v, bool), v) for k, v in point.items()}

    same = exact(first) == exact(second) and one == other
    assert (Task(first, one).key == Task(second, other).key) == same


def test_equal_numbers_are_one_value_and_texts_are_not_numbers():
    keys = {Task({"n": value}, 0).key for value in (2, 2.0)}
    assert len(keys) == 1
    others = {Task({"n": value}, 0).key for value in (1, True, "1", "True", -0.0, 0.5)}
    assert len(others) == 6
    assert Task({"n": -0.0}, 0).key == Task({"n": 0}, 0).key


@given(st.dictionaries(names, st.lists(st.floats(-1, 1), max_size=3), max_size=3))
def test_results_survive_the_store_bit_by_bit(content):
    arrays = {name: np.array(value) for name, value in content.items()}
    found = unpack(pack(arrays))
    assert found.keys() == arrays.keys()
    for name, value in arrays.items():
        assert found[name].tobytes() == value.tobytes()


def study(**changes):
    settings = {"name": "draw", "function": studies.draw, "grid": GRID, "seeds": 4}
    return Study(**(settings | changes))


def test_a_study_fills_its_grid(tmp_path):
    results = run(study(), tmp_path / "store.sqlite")
    assert results.complete
    assert len(results) == 24
    assert results.array("mean").shape == (3, 2, 4)
    assert results.array("counts").shape == (3, 2, 4, 3)
    assert len(set(results.array("mean").ravel())) == 24
    part = results.column("mean", width=1.0, rule="0tmh")
    np.testing.assert_array_equal(part, results.array("mean")[1, 1])
    assert results.array("counts").dtype == np.int64
    assert results.seconds > 0


def test_what_a_task_draws_is_its_own(tmp_path):
    """Neither the grid's other values nor their order or number change a task."""
    whole = run(study(), tmp_path / "whole.sqlite")
    grid = {"rule": ["0tmh"], "width": [1.5, 7.0]}
    other = run(study(grid=grid, seeds=2), tmp_path / "other.sqlite")
    np.testing.assert_array_equal(
        other.array("mean")[0, 0], whole.array("mean")[2, 1, :2]
    )


def test_paired_parameters_share_their_randomness(tmp_path):
    results = run(study(paired=("rule",)), tmp_path / "store.sqlite")
    counts = results.array("counts")
    np.testing.assert_array_equal(counts[:, 0], counts[:, 1])
    assert not np.array_equal(counts[0], counts[1])


@pytest.fixture
def touching(tmp_path):
    """A study that leaves a file per execution, and its folder."""
    folder = tmp_path / "traces"
    folder.mkdir()
    grid = {"width": [1, 2, 3], "folder": [str(folder)]}
    return Study("touch", studies.touch, grid, seeds=3), folder


def test_a_second_run_computes_nothing(touching, tmp_path, caplog):
    made, folder = touching
    first = run(made, tmp_path / "store.sqlite")
    assert len(list(folder.iterdir())) == 9
    with caplog.at_level(logging.INFO):
        again = run(made, tmp_path / "store.sqlite")
    assert len(list(folder.iterdir())) == 9
    assert "9 of 9 tasks are stored" in caplog.text
    assert again.array("mean").tobytes() == first.array("mean").tobytes()


def test_an_interrupt_costs_no_finished_task(touching, tmp_path):
    made, folder = touching

    def interrupted(chosen, tasks):
        from analysis.campaign import in_process

        for count, outcome in enumerate(in_process(chosen, tasks)):
            if count == 4:
                raise KeyboardInterrupt
            yield outcome

    with pytest.raises(KeyboardInterrupt):
        run(made, tmp_path / "store.sqlite", engine=interrupted)
    partial = load(tmp_path / "store.sqlite", made)
    assert len(partial) == 4
    assert not partial.complete
    assert np.isnan(partial.array("mean")).sum() == 5
    with pytest.raises(ResultsError, match="5 results of counts are missing"):
        partial.array("counts")
    resumed = run(made, tmp_path / "store.sqlite")
    assert resumed.complete
    assert len(list(folder.iterdir())) == 4 + 1 + 5  # the fifth was lost half way
    whole = run(made, tmp_path / "fresh.sqlite")
    assert resumed.array("product").tobytes() == whole.array("product").tobytes()


def test_a_grown_grid_keeps_what_is_finished(touching, tmp_path):
    made, folder = touching
    run(made, tmp_path / "store.sqlite")
    grid = made.grid | {"width": [0, 1, 2, 3]}
    grown = run(Study("touch", studies.touch, grid, seeds=4), tmp_path / "store.sqlite")
    assert grown.complete
    assert len(list(folder.iterdir())) == 16


@pytest.mark.parametrize("change", [{"version": 2}, {"root_seed": 1}])
def test_another_version_starts_anew_and_says_so(tmp_path, caplog, change):
    first = run(study(), tmp_path / "store.sqlite")
    second = run(study(**change), tmp_path / "store.sqlite")
    assert "24 results of the former stay" in caplog.text
    assert second.complete
    differ = "root_seed" in change
    assert np.array_equal(first.array("mean"), second.array("mean")) != differ
    # The former is still there.
    assert load(tmp_path / "store.sqlite", study()).complete


def test_failures_are_recorded_and_stop_nothing(tmp_path, caplog):
    made = Study("fragile", studies.fragile, {"width": [1, -1, 2]}, seeds=2)
    results = run(made, tmp_path / "store.sqlite")
    assert len(results) == 4
    assert [failure.task.point["width"] for failure in results.failures] == [-1, -1]
    assert results.failures[0].error == "ValueError: width -1 is negative"
    assert "in fragile" in results.failures[0].trace
    assert "fragile {'width': -1}, seed 1" in caplog.text
    assert np.isnan(results.array("mean")[1]).all()


def test_failures_can_stop_a_run(tmp_path):
    made = Study("fragile", studies.fragile, {"width": [1, -1, 2]})
    with pytest.raises(CcqedError, match="width -1 is negative"):
        run(made, tmp_path / "store.sqlite", stop_at_error=True)
    assert len(load(tmp_path / "store.sqlite", made)) == 1


def test_failures_are_tried_again(tmp_path):
    file = tmp_path / "now"
    made = Study("moody", studies.moody, {"width": [1, 2], "file": [str(file)]})
    with pytest.raises(CcqedError, match=r"all 2 tasks failed; the first: moody \{'w"):
        run(made, tmp_path / "store.sqlite")
    assert len(load(tmp_path / "store.sqlite", made).failures) == 2
    file.touch()
    results = run(made, tmp_path / "store.sqlite")
    assert results.complete
    assert not results.failures


@pytest.mark.parametrize(
    ("function", "message"),
    [(studies.confused, "got \\[1, 2, 3\\]"), (studies.wordy, "'word' of type <U5")],
)
def test_functions_that_return_something_else(tmp_path, function, message):
    with pytest.raises(CcqedError, match=message):
        run(Study("odd", function, {"width": [1]}), tmp_path / "store.sqlite")


BAD_STUDIES = {
    "no name": ({"name": ""}, "printable name"),
    "a lambda": ({"function": lambda point, rng: {}}, "plain function of a module"),
    "a class": ({"function": Study}, "plain function of a module"),
    "an empty axis": ({"grid": {"width": []}}, "is empty"),
    "a text axis": ({"grid": {"width": "abc"}}, "must be a list"),
    "NaN": ({"grid": {"width": [float("nan")]}}, "finite numbers or texts; got nan"),
    "an array": ({"grid": {"width": [np.zeros(2)]}}, "finite numbers or texts"),
    "a value twice": ({"grid": {"width": [1, 1.0]}}, "holds a value twice"),
    "texts and numbers": ({"grid": {"width": [1, "1"]}}, "mixes numbers and texts"),
    "an odd parameter": ({"grid": {"my width": [1]}}, "must be a list"),
    "no seeds": ({"seeds": 0}, "seeds must be"),
    "a negative version": ({"version": -1}, "version must be"),
    "unknown pairing": ({"paired": ("depth",)}, "'depth' is not in the grid"),
}


@pytest.mark.parametrize(("change", "message"), BAD_STUDIES.values(), ids=BAD_STUDIES)
def test_bad_studies(change, message):
    with pytest.raises(ParameterError, match=message):
        study(**change)


def test_unknown_values_and_parameters(tmp_path):
    results = run(study(), tmp_path / "store.sqlite")
    with pytest.raises(ParameterError, match="no value 'basin'; the study returned"):
        results.array("basin")
    with pytest.raises(
        ParameterError, match="no parameter 'depth'; the grid has width"
    ):
        results.column("mean", depth=3)


def test_values_of_several_shapes_are_kept_apart(tmp_path):
    made = Study("ragged", studies.ragged, {"width": [1, 2]})
    results = run(made, tmp_path / "store.sqlite")
    with pytest.raises(ShapeError, match="row has several shapes"):
        results.array("row")
    assert [len(found["row"]) for _, found in results] == [1, 2]
    assert results.column("row", width=2).shape == (1, 2)


def test_hdf5_for_other_programs(tmp_path):
    results = run(study(), tmp_path / "store.sqlite")
    results.write_hdf5(tmp_path / "out.h5")
    with h5py.File(tmp_path / "out.h5") as file:
        assert file["values/counts"].shape == (24, 3)
        assert list(file["points/rule"][:5]) == [b"sd"] * 4 + [b"0tmh"]
        np.testing.assert_array_equal(file["values/mean"], results.column("mean"))
        assert file.attrs["study"] == "draw"
    with pytest.raises(ResultsError, match="cannot write"):
        results.write_hdf5(tmp_path / "none" / "out.h5")


def test_one_store_holds_several_studies(tmp_path):
    for name in ("one", "two"):
        run(study(name=name), tmp_path / "store.sqlite")
    first, second = (
        load(tmp_path / "store.sqlite", study(name=name)) for name in ("one", "two")
    )
    assert first.complete
    assert second.complete
    assert not np.any(first.array("mean") == second.array("mean"))


def test_what_is_no_store(tmp_path):
    (tmp_path / "text.sqlite").write_text("not a database, but long enough " * 40)
    with pytest.raises(ResultsError, match=r"text.sqlite.*not a database"):
        load(tmp_path / "text.sqlite", study())
    with sqlite3.connect(tmp_path / "other.sqlite") as other:
        other.execute("CREATE TABLE datasets (key)")
    other.close()
    with pytest.raises(ResultsError, match="another program's"):
        load(tmp_path / "other.sqlite", study())
    with sqlite3.connect(tmp_path / "new.sqlite") as new:
        new.execute("PRAGMA user_version = 99")
    new.close()
    with pytest.raises(ResultsError, match="of revision 99"):
        load(tmp_path / "new.sqlite", study())
    with pytest.raises(ResultsError, match="no campaign store"):
        load(tmp_path, study())


@example([0.0, 0.0, 0.0], 436, 1, False)  # an entry that swallows the next
@given(
    st.lists(st.floats(allow_nan=False), min_size=1, max_size=9),
    st.integers(0), st.integers(1, 255), st.booleans(),
)  # fmt: skip
def test_damage_is_seen_or_does_no_harm(numbers, place, flip, cut):
    content = bytearray(pack({"mean": np.array(numbers), "n": np.array(7)}))
    place %= len(content)
    if cut:
        del content[place:]
    else:
        content[place] ^= flip
    try:
        found = unpack(bytes(content))
    except ResultsError as error:
        assert "damaged" in str(error)
    else:
        assert not cut
        assert found.keys() == {"mean", "n"}
        assert found["mean"].tobytes() == np.array(numbers).tobytes()
        assert found["n"] == 7


def change_results(path, seed, change):
    """Change the stored results of one seed at every point."""
    with sqlite3.connect(path) as connection:
        rows = "SELECT key, result FROM tasks WHERE seed = ?"
        for key, result in connection.execute(rows, (seed,)).fetchall():
            update = "UPDATE tasks SET result = ? WHERE key = ?"
            connection.execute(update, (change(result), key))
    connection.close()


DAMAGES = {
    "cut": lambda result: result[:100],
    "no bytes": lambda result: "text",
    "one bit": lambda result: result[:190] + bytes([result[190] ^ 1]) + result[191:],
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_damaged_results_are_computed_again_and_said_so(
    touching, tmp_path, caplog, damage
):
    made, folder = touching
    store = tmp_path / "store.sqlite"
    whole = run(made, store)
    change_results(store, 2, damage)
    damaged = load(store, made)
    assert len(damaged) == 6
    assert {failure.task.seed for failure in damaged.failures} == {2}
    assert "the stored result is damaged" in damaged.failures[0].error
    again = run(made, store)
    assert caplog.text.count("computed again: touch {'width'") == 3
    assert "seed 2: ResultsError: the stored result is damaged" in caplog.text
    assert len(list(folder.iterdir())) == 9 + 3
    assert again.complete
    assert again.array("product").tobytes() == whole.array("product").tobytes()
    caplog.clear()
    run(made, store)
    assert not caplog.text


def test_a_row_with_other_names_does_not_count(touching, tmp_path, caplog):
    made, folder = touching
    store = tmp_path / "store.sqlite"
    run(made, store)
    foreign = pack({"mean": np.array(0.0), "cuonts": np.zeros(3)})
    change_results(store, 1, lambda _: foreign)
    assert len(load(store, made)) == 6
    assert run(made, store).complete
    assert "got cuonts, mean, others counts, mean, pid, prod" in caplog.text
    assert len(list(folder.iterdir())) == 9 + 3


def test_a_study_that_returns_other_names_at_a_point_fails_there(tmp_path):
    made = Study("changing", studies.changing, {"width": [1, 2, 3]})
    results = run(made, tmp_path / "store.sqlite")
    (failure,) = results.failures
    assert failure.task.point == {"width": 2}
    assert "same names everywhere; got extra, mean, others mean" in failure.error
    np.testing.assert_array_equal(results.column("mean"), [1, 3])


def test_a_failure_never_replaces_a_result(tmp_path):
    from analysis.campaign import Outcome

    made = study()
    results = run(made, tmp_path / "store.sqlite")
    task = next(made.tasks())
    with open_store(tmp_path / "store.sqlite") as store:
        store.add(made, Outcome(task, None, 1.0, "too late"))
    assert load(tmp_path / "store.sqlite", made).array("mean").tobytes() == (
        results.array("mean").tobytes()
    )
