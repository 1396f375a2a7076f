"""An earlier run is found by what people say of it."""

from __future__ import annotations

import pytest

from ccqed_ctrl.errors import ResultsError
from sim_backend.host.earlier import find


@pytest.fixture
def results(tmp_path):
    """Three runs of two days, two of them of one number."""
    for place in (
        "2026-11-25/23/000000007-Recall.h5",
        "2026-11-26/00/000000003-Recall.h5",
        "2026-11-26/00/000000007-Recall.h5",
    ):
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


def test_by_number_by_path_and_the_latest(results):
    assert find("3", results).name == "000000003-Recall.h5"
    latest = results / "2026-11-26/00/000000007-Recall.h5"
    assert find("latest", results) == latest
    assert find(str(latest), results / "elsewhere") == latest


@pytest.mark.parametrize(
    ("run", "message"),
    [
        ("7", "several: .*/23/000000007-.*, .*/00/000000007-.* 7 in .*; give its file"),
        ("5", "no run 5 in"),
        ("newest", "no results file 'newest'; a run is 'latest', a run number, or"),
    ],
)
def test_what_is_not_one_run_is_refused(results, run, message):
    with pytest.raises(ResultsError, match=message):
        find(run, results)


def test_an_empty_folder_has_no_latest_run(tmp_path):
    with pytest.raises(ResultsError, match="no run latest in"):
        find("latest", tmp_path)
