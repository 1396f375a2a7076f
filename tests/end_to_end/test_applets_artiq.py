"""What a dashboard is asked to show, seen through ARTIQ's own applets."""

from __future__ import annotations

import asyncio
import os
import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import analysis
from sim_backend.host import is_embedded

from .conftest import ROOT
from .masters import Master, complaints

pytestmark = [
    pytest.mark.artiq,
    pytest.mark.slow,
    pytest.mark.skipif(
        is_embedded("artiq"), reason="no real ARTIQ in this interpreter"
    ),
]

SEEN = Path(__file__).with_name("applet_seen.py")
CURVE = "recall_vs_corruption.py", "RecallVsCorruption"
APPLET = "${artiq_applet}"


def _run_and_listen(master, arguments):
    """Run the experiment; return its file, and the requests that dashboards get."""
    from sipyco.broadcast import Receiver

    async def listening():
        heard = []
        receiver = Receiver("ccb", heard.append)
        await receiver.connect("127.0.0.1", master.ports["broadcast"])
        rid = await asyncio.to_thread(master.submit, *CURVE, arguments)
        file = await asyncio.to_thread(master.finished, rid)
        await receiver.close()
        return file, heard

    return asyncio.run(listening())


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run under a master: the master, the results, the applets by dataset."""
    master = Master(tmp_path_factory.mktemp("m"), "-r", ROOT / "repository")
    scan = {"ty": "ExplicitScan", "sequence": [0.5, 0.0]}
    arguments = {"memory": "heart", "corruption": scan, "shots": 2, "seed": 3}
    file, heard = _run_and_listen(master, arguments)
    assert not complaints(master.log)
    assert {request["service"] for request in heard} == {"create_applet"}
    applets = dict(request["args"] for request in heard)
    with analysis.open(file) as results:
        yield master, results, applets
    master.close()


@pytest.fixture
def seen(run, tmp_path):
    """Return what the applet of a dataset draws."""
    master, _, applets = run

    def see(key):
        name, *options = shlex.split(applets[key].removeprefix(APPLET))
        command = [
            sys.executable, SEEN, tmp_path / "seen.npz", f"artiq.applets.{name}",
            "--server", "127.0.0.1", "--port-notify", str(master.ports["notify"]),
            "--port-control", str(master.ports["control"]), *options,
        ]  # fmt: skip
        environment = os.environ | {"QT_QPA_PLATFORM": "offscreen"}
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        return dict(np.load(tmp_path / "seen.npz"))

    return see


def test_an_applet_is_asked_for_everything_that_is_shown_live(run):
    assert set(run[2]) == {
        "live.frame", "live.field", "live.recalled_image", "live.last_overlaps",
        "summary.exact", "summary.overlap",
    }  # fmt: skip


def test_the_recalled_image_stands_upright(run, seen):
    results = run[1]
    heart = results["plan.patterns"][results["plan.cued"]].reshape(8, 8)
    assert results.pixels_wrong[-1] == 0
    assert not np.array_equal(heart, heart.T)  # else nothing would be seen here
    picture = seen("live.recalled_image")["picture"]
    ink = picture[:, :, 0] if picture.ndim == 3 else picture
    assert np.array_equal(np.where(ink > 127, 1, -1), heart)


@pytest.mark.parametrize("key", ["live.frame", "live.field"])
def test_a_frame_has_its_pixels_where_the_camera_has(run, seen, key):
    picture = seen(key)["picture"]
    assert picture.shape[:2] == run[1].frames.shape[-2:]
    shades = np.unique(picture)
    assert len(shades) > 100
    if key == "live.frame":
        drawn = picture[..., 0] if picture.ndim == 3 else picture
        camera = run[1].frames[-1, 0]
        assert np.corrcoef(drawn.ravel(), camera.ravel())[0, 1] > 0.99


def test_overlaps_are_a_histogram_with_a_bar_for_each_memory(run, seen):
    bars = seen("live.last_overlaps")
    assert np.array_equal(bars["y"], run[1].overlaps[-1])
    assert len(bars["x"]) == len(bars["y"]) + 1


def test_curves_have_error_bars_from_end_to_end(run, seen):
    """ARTIQ's applet takes the whole height of a bar, and draws it about the value."""
    low, high = run[1].exact_interval.T
    np.testing.assert_array_equal(seen("summary.exact")["bars"], [high - low])
    bars = seen("summary.overlap")["bars"]
    np.testing.assert_array_equal(bars, [2 * run[1].overlap_error])


@pytest.mark.parametrize("key", ["summary.exact", "summary.overlap"])
def test_a_curve_is_drawn_against_what_was_scanned(run, seen, key):
    curve = seen(key)
    assert np.array_equal(curve["x"], [0.5, 0.0])
    assert np.array_equal(curve["y"], run[1][key])
    assert curve["y"][1] == 1.0
