"""What only ARTIQ's own scheduler does to a run: pauses, endings, revisions, scans."""

from __future__ import annotations

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

import analysis
from ccqed_ctrl.calibration.graph import GRAPH, order
from sim_backend.host import is_embedded

from .conftest import ROOT
from .masters import Master, complaints, contents

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.slow,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]

RECALL = "recall.py", "Recall"
CURVE = "recall_vs_corruption.py", "RecallVsCorruption"


@pytest.fixture(scope="module")
def master(tmp_path_factory):
    """One master for all tests that need none of their own."""
    repository = ROOT / "repository"
    master = Master(tmp_path_factory.mktemp("master"), "-r", repository)
    yield master
    master.close()


def _begun(master, rid, shots):
    """Wait until a run has done some shots, or is over."""

    def begun():
        state = master.states().get(rid)
        assert state is not None, master.log
        return state == "running" and master.progress() >= shots

    master.ask("dataset_db", "set", "progress.done", 0)
    master.wait(begun)


@pytest.mark.parametrize(
    ("scan", "values"),
    [
        ({"ty": "RangeScan", "start": 0.0, "stop": 0.4, "npoints": 3,
          "randomize": False, "seed": None}, [0.0, 0.2, 0.4]),
        ({"ty": "CenterScan", "center": 0.2, "span": 0.2, "step": 0.1,
          "randomize": False, "seed": None}, [0.2, 0.1, 0.3]),
        ({"ty": "ExplicitScan", "sequence": [0.3, 0.1]}, [0.3, 0.1]),
    ],
    ids=lambda value: value.get("ty") if isinstance(value, dict) else "",
)  # fmt: skip
def test_a_scan_of_the_dashboard_becomes_points(master, scan, values):
    said = len(master.log)
    arguments = {"seed": 3, "shots": 2, "memory": "heart", "corruption": scan}
    stored = contents(master.finished(master.submit(*CURVE, arguments)))
    assert np.allclose(stored["summary.corruption"], values, atol=1e-12)
    assert np.allclose(stored["settings.cue.corruption"], values, atol=1e-12)
    assert list(stored["plan.scanned"]) == ["cue.corruption"]
    assert list(stored["shot.point"]) == [k for k in range(len(values)) for _ in "ab"]
    exact = stored["shot.pixels_wrong"].reshape(-1, 2) == 0
    assert np.array_equal(stored["summary.exact"], exact.mean(axis=1))
    assert not complaints(master.log[said:])


def test_all_of_the_repository_queued_at_once_ends_green(tmp_path):
    """ARTIQ prepares a run while the one before still finds what it rests on."""
    repository = ROOT / "repository"
    calibrations = [f"calibrations/{name}.py" for name in order()]
    sciences = sorted(each.name for each in repository.glob("*.py"))
    master = Master(tmp_path, "-r", repository)
    try:
        submitted = {}
        for file in calibrations + sciences:
            (name,) = re.findall(
                r"class (\w+)\(EnvExperiment\)", (repository / file).read_text()
            )
            arguments = {} if file in calibrations else {"shots": 2}
            submitted[file] = master.submit(file, name, arguments)
        found = {
            file: contents(master.finished(rid)) for file, rid in submitted.items()
        }
    finally:
        master.close()
    assert "ERROR" not in master.log
    assert {file: each["status"] for file, each in found.items()} == dict.fromkeys(
        found, "ok"
    )
    refused = {file: found[file]["summary.refused"] for file in calibrations}
    assert refused == dict.fromkeys(calibrations, "")
    held = json.loads(found[sciences[-1]]["belief.calibrations"])
    assert {name: held[name]["state"] for name in GRAPH} == dict.fromkeys(
        GRAPH, "green"
    )


def test_what_is_refused_says_so_in_the_log_and_leaves_no_file(master):
    said = len(master.log)
    scan = {"ty": "ExplicitScan", "sequence": [0.1, 2.0]}
    assert master.finished(master.submit(*CURVE, {"corruption": scan})) is None
    assert "corruption" in master.log[said:]
    assert "ParameterError" in master.log[said:]


def test_a_terminated_run_is_summed_up_safe_and_gone_on_with(master):
    said = len(master.log)
    asked = {"seed": 3, "shots": 200, "corruption": 0.05}
    first = master.submit(*RECALL, asked)
    _begun(master, first, 3)
    master.ask("schedule", "request_termination", first)
    file = master.finished(first)
    stored = contents(file)
    done = int(stored["progress.done"])
    assert 3 <= done < 200
    assert stored["status"] == "terminated"  # "failed" if it could not be made safe
    assert len(stored["shot.spins"]) == done
    assert stored["summary.mean_residual"] == np.mean(stored["shot.residual"])
    log = master.log[said:]
    assert f"terminated after {done} of 200 shots" in log
    assert not complaints(log)

    rest = master.submit(*RECALL, asked | {"shots": done + 2, "resume": str(first)})
    with analysis.open(master.finished(rest)) as whole, analysis.open(file) as part:
        assert (whole.status, part.status) == ("ok", "terminated")
        assert whole.shots == done + 2
        assert np.array_equal(whole.frames[:done], part.frames)
        assert np.all(whole.frames[done:].max(axis=(1, 2, 3)) > 0)
        assert whole.pixels_wrong[done:].tolist() == [0, 0]
    assert not complaints(master.log[said:])


def test_a_run_that_cannot_be_gone_on_with_names_those_that_are_there(master):
    said = len(master.log)
    assert master.finished(master.submit(*RECALL, {"resume": "999"})) is None
    assert "no run 999 in" in master.log[said:]


def test_an_urgent_run_goes_first_and_the_other_goes_on(master):
    said = len(master.log)
    slow = {"seed": 3, "shots": 20, "corruption": 0.05}
    waiting = master.submit(*RECALL, slow)
    _begun(master, waiting, 2)
    quick = {"seed": 8, "shots": 1, "corruption": 0.05, "memory": "cup"}
    urgent = master.submit(*RECALL, quick, 10)
    master.wait(lambda: master.states().get(waiting) == "paused")
    assert master.states()[urgent] in ("running", "run_done", "analyzing")
    first = master.finished(urgent)
    assert waiting in master.states()  # it was not over yet
    last = master.finished(waiting)
    for file, shots in ((first, 1), (last, 20)):
        stored = contents(file)
        assert stored["status"] == "ok"
        assert stored["shot.pixels_wrong"].tolist() == [0] * shots
        assert stored["shot.residual"].max() < 0.01
    assert not complaints(master.log[said:])


# ---- a bare git repository, checked out by the master into a folder of its own


def _git(folder, *arguments):
    identity = ("-c", "user.name=x", "-c", "user.email=x@x")
    command = ["git", "-C", folder, *identity, *arguments]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path):
    """A bare repository that holds our experiments; its path and commit."""
    work, bare = tmp_path / "work", tmp_path / "bare.git"
    shutil.copytree(ROOT / "repository", work / "repository",
                    ignore=shutil.ignore_patterns("__pycache__"))  # fmt: skip
    _git(tmp_path, "init", "-q", "--initial-branch", "master", work)
    _git(work, "add", "repository")
    _git(work, "commit", "-q", "-m", "experiments")
    _git(tmp_path, "clone", "-q", "--bare", work, bare)
    return bare, _git(bare, "rev-parse", "HEAD")


def _options(bare):
    return "-g", "-r", bare, "--experiment-subdir", "repository"


def test_a_checked_out_revision_finds_belief_and_is_named_in_the_file(
    repository, tmp_path
):
    bare, commit = repository
    master = Master(tmp_path, *_options(bare))
    try:
        rid = master.submit("repository/recall.py", "Recall", {"seed": 3})
        file = master.finished(rid)
        assert file, master.log
        stored = contents(file)
        assert stored["belief.laboratory"] == (ROOT / "laboratory.toml").read_text()
        about = json.loads(stored["provenance"])
        assert about["git"] == {"commit": commit, "dirty": False}
        assert stored["shot.pixels_wrong"].tolist() == [0]
        assert not complaints(master.log)
    finally:
        master.close()


def test_without_its_belief_a_run_names_the_place_in_the_log(repository, tmp_path):
    bare, _ = repository
    lonely = tmp_path / "laboratory"
    lonely.mkdir()
    shutil.copy(ROOT / "device_db.py", lonely)
    master = Master(tmp_path, *_options(bare), device_db=lonely / "device_db.py")
    try:
        rid = master.submit("repository/recall.py", "Recall", {"seed": 3})
        assert master.finished(rid) is None
        assert "CalibrationError" in master.log
        assert str(lonely / "laboratory.toml") in master.log
    finally:
        master.close()
