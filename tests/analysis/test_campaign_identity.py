"""What counts as other code: what a study runs, not how it is written down."""

from __future__ import annotations

import importlib.util
import itertools

import pytest

from analysis.campaign import Study, load, run
from analysis.campaign.identity import code_identity
from ccqed_ctrl.errors import ParameterError

SOURCE = '''
"""A module."""
import numpy as np

LIMIT = 3
UNUSED = 4


def helper(x):
    """Help."""
    return x + LIMIT


def unrelated(x):
    return x


def work(point, rng):
    """Work."""
    return {"x": helper(point["x"])}
'''
counter = itertools.count()


@pytest.fixture
def identity_of(tmp_path, monkeypatch):
    def make(source):
        name = f"study_module_{next(counter)}"
        path = tmp_path / f"{name}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(__import__("sys").modules, name, module)
        spec.loader.exec_module(module)
        return code_identity(module.work)

    return make


SAME = [("    return x + LIMIT", "    # a remark\n    return (x +\n        LIMIT)"),
        ('"""Help."""', '"""Help more."""'), ("UNUSED = 4", "UNUSED = 5"),
        ("return x\n", "return -x\n")]  # fmt: skip
OTHER = [("LIMIT = 3", "LIMIT = 4"), ("x + LIMIT", "x - LIMIT"),
         ('{"x": helper', '{"y": helper'),
         ("def helper(x):", "def helper(x, y=1):")]  # fmt: skip


@pytest.mark.parametrize(("old", "new"), SAME)
def test_what_changes_nothing(identity_of, old, new):
    assert old in SOURCE
    assert identity_of(SOURCE.replace(old, new, 1)) == identity_of(SOURCE)


@pytest.mark.parametrize(("old", "new"), OTHER)
def test_what_changes_the_results(identity_of, old, new):
    assert old in SOURCE
    assert identity_of(SOURCE.replace(old, new, 1)) != identity_of(SOURCE)


def test_without_source_there_is_no_identity():
    namespace = {"__name__": "nowhere"}
    exec("def work(point, rng):\n    return {}", namespace)
    with pytest.raises(ParameterError, match="source of .* is not available"):
        _ = Study("none", namespace["work"], {"x": [1]}).generation


def test_changed_code_starts_anew(tmp_path, monkeypatch, caplog):
    made = []
    for source in (SOURCE, SOURCE.replace("LIMIT = 3", "LIMIT = 30")):
        name = f"study_module_{next(counter)}"
        (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.syspath_prepend(tmp_path)
        function = importlib.import_module(name).work
        made.append(Study("same", function, {"x": [1, 2]}))
    store = tmp_path / "store.sqlite"
    assert run(made[0], store).array("x").tolist() == [[4], [5]]
    assert run(made[1], store).array("x").tolist() == [[31], [32]]
    assert "2 results of the former stay in the store" in caplog.text
    assert load(store, made[0]).array("x").tolist() == [[4], [5]]
