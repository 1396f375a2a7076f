"""Exports for other programs hold the same values, and say what they are."""

from __future__ import annotations

import csv
import resource
import shutil
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray

from analysis.commands import EXPORT
from analysis.files import export, streaming
from analysis.files.run import Run
from ccqed_ctrl.cli import parser_of
from ccqed_ctrl.errors import ParameterError, ResultsError
from ccqed_ctrl.model.imaging import pixel_axis
from ccqed_ctrl.params import Imaging

from ...disks import disk
from ..hostile_files import limited

KEPT = sorted((Path(__file__).parents[1] / "revision_1").glob("*.h5"))


@pytest.fixture
def file(recalled, tmp_path):
    """A copy that may be changed."""
    return Path(shutil.copy(recalled, tmp_path / "000000000-Recall.h5"))


@pytest.fixture(scope="module")
def scan(scanned):
    with Run(scanned) as run:
        yield run


def exported(run, output, *flags):
    arguments = [str(run), "-o", str(output), *flags]
    assert EXPORT.run(parser_of(EXPORT).parse_intermixed_args(arguments)) == 0
    return output


def test_variables_are_attributes_with_units(scan):
    found = scan.to_xarray()
    assert found.frames.dims == ("S", "F", "ny", "nx")
    assert found.couplings.dims == ("K", "N", "N2")
    assert found.positions.attrs["units"] == "m"
    assert found.exposure.attrs == {"units": "s", "long_name": "exposure as used"}
    assert found.kappa.attrs["units"] == "rad/s"
    assert found.phase.attrs["units"] == "1"
    np.testing.assert_array_equal(found.overlaps, scan.overlaps)
    assert found.imaging_phase == 0.0
    assert found.attrs["complete_shots"] == 8
    assert found.attrs["Conventions"] == "CF-1.11"
    assert found.attrs["status"] == "ok"
    assert scan.path.name in found.attrs["history"]


def test_places_along_axes_are_coordinates(scan):
    found = scan.to_xarray()
    assert list(found.P.values) == scan.names
    assert found.overlaps.sel(P="heart").shape == (8,)
    for axis in ("ny", "nx"):
        np.testing.assert_allclose(found[axis], pixel_axis(Imaging()))
        assert found[axis].attrs["units"] == "m"
    assert found["T"].attrs["units"] == "s"
    np.testing.assert_allclose(np.diff(found["T"]), scan.ramp_step)
    assert list(found.D.values) == list(scan.scanned)


def test_scanned_settings_are_coordinates_of_points_and_shots(scan):
    found = scan.to_xarray()
    assert found.point_corruption.dims == ("K",)
    np.testing.assert_array_equal(found.point_corruption, scan["cue.corruption"])
    assert found.corruption.dims == ("S",)
    np.testing.assert_array_equal(found.corruption, scan["cue.corruption"][scan.point])
    uncorrupted = found.cue_overlap.where(found.corruption == 0, drop=True)
    np.testing.assert_array_equal(uncorrupted, 1.0)
    means = found.cue_overlap.groupby("corruption").mean()
    assert means.sel(corruption=0.2) < means.sel(corruption=0.0)


def test_images_can_be_left_out(scan):
    found = scan.to_xarray(images=False)
    assert "frames" not in found
    assert "nx" not in found.coords


def test_what_is_not_ours_is_there_too(file):
    with h5py.File(file, "a") as opened:
        opened["datasets/lab/temperature"] = [20.5, 21.5]
        opened["datasets/comment"] = "after lunch"
    with Run(file) as run:
        found = run.to_xarray()
    assert found.temperature.values.tolist() == [20.5, 21.5]
    assert found.attrs["comment"] == "after lunch"


def test_netcdf_holds_the_same_values(file, tmp_path):
    with (
        xarray.open_dataset(exported(file, tmp_path / "run.nc")) as found,
        Run(file) as run,
    ):
        np.testing.assert_array_equal(found.frames.values, run.frames)
        emission = found.emission_re.values + 1j * found.emission_im.values
        np.testing.assert_array_equal(emission, run.emission)
        assert found.emission_re.attrs["long_name"].startswith("emission of the")
        assert list(found.verdict.values) == ["ok", "ok"]
        assert list(found.P.values) == run.names
        assert "exported by ccqed-ctrl" in found.attrs["history"]


def test_netcdf_is_the_same_whether_written_whole_or_in_blocks(
    file, tmp_path, monkeypatch
):
    with h5py.File(file, "a") as opened:
        opened["datasets/lab/gates"] = np.arange(600).reshape(200, 3) % 2 == 0
        opened.create_dataset(
            "datasets/lab/scope", data=np.ones((7, 50)), chunks=(3, 9)
        )
    whole = exported(file, tmp_path / "whole.nc")
    monkeypatch.setattr(streaming, "LARGE", 200)
    monkeypatch.setattr(streaming, "BLOCK", 1000)
    with Run(file) as run:
        large = {key for key in run.keys if streaming.large(run, key)}
        scope = streaming.large(run, "lab/scope").blocks()
        assert [place.start for place, _ in scope] == [0, 3, 6]
    assert {"shot.frames", "shot.emission", "lab/gates", "lab/scope"} <= large
    in_blocks = exported(file, tmp_path / "blocks.nc")
    with xarray.open_dataset(whole) as one, xarray.open_dataset(in_blocks) as other:
        assert "exported by ccqed-ctrl" in other.attrs["history"]
        assert other.assign_attrs(history=one.attrs["history"]).identical(one)


def growth_of_export(file, small, output):
    """Return by how many MiB a large export lets a process grow beyond a small one."""

    def peak(path):
        with Run(path) as run:
            export.write(run, output)
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = peak(small)
    return (peak(file) - before) / 2**10


def test_what_is_larger_than_memory_may_be_is_exported(tmp_path):
    one = np.random.default_rng(0).integers(0, 2**16, (1, 1024, 512), np.uint16)
    for name, rows in (("small.h5", 1), ("large.h5", 520)):  # of a MiB each
        with h5py.File(tmp_path / name, "w") as file:
            file.create_group("archive")
            made = file.create_dataset(
                "datasets/x", (rows, *one.shape[1:]), one.dtype, chunks=one.shape
            )
            for row in range(rows):
                made[row] = one + row
    paths = (tmp_path / "large.h5", tmp_path / "small.h5", tmp_path / "x.nc")
    assert float(limited(growth_of_export, *paths, seconds=30)) < 100
    with h5py.File(tmp_path / "x.nc") as file:
        assert file["x"].shape == (520, 1024, 512)
        for row in (0, 7, 8, 519):
            np.testing.assert_array_equal(file["x"][row], (one + row)[0])


def test_netcdf_without_images(file, tmp_path):
    path = exported(file, tmp_path / "run.nc", "--without-images")
    with xarray.open_dataset(path) as found:
        assert "frames" not in found
        assert found.spins.shape == (2, 64)


def test_csv_has_a_line_per_shot_with_what_was_scanned(scan, tmp_path):
    path = exported(scan.path, tmp_path / "run.csv")
    with path.open() as opened:
        lines = list(csv.DictReader(opened))
    assert list(lines[0])[:4] == ["shot", *map(last_part, scan.scanned)]
    assert [int(line["shot"]) for line in lines] == list(range(8))
    assert {line["verdict"] for line in lines} == {"ok"}
    for index, line in enumerate(lines):
        settings = scan.settings(int(scan.point[index]))
        assert float(line["corruption"]) == settings["cue"]["corruption"]
        assert line["cue_memory"] == settings["cue"]["memory"]
        assert (
            float(line["overlaps[heart]"])
            == scan.overlaps[index, scan.names.index("heart")]
        )


def last_part(name):
    return {"cue.memory": "cue_memory"}.get(name, name.partition(".")[2])


def check_annotated(datasets):
    overlaps, positions = datasets["shot.overlaps"], datasets["plan.positions"]
    assert [d.label for d in overlaps.dims] == ["S", "P"]
    assert overlaps.attrs["long_name"] == "recalled image with each memory"
    assert (
        overlaps.dims[1][0].asstr()[()].tolist()
        == datasets["plan.names"].asstr()[()].tolist()
    )
    assert positions.attrs["units"] == "m"
    assert positions.attrs["unit"] == "um"  # ARTIQ's, of the display


def test_the_runner_writes_what_its_schema_says(recalled, scanned):
    with h5py.File(recalled) as file:
        check_annotated(file["datasets"])
        assert file["datasets/shot.frames"].attrs["units"] == "1"
    with h5py.File(scanned) as file:
        positions = file["datasets/plan.positions"]
        assert [d.label for d in positions.dims] == ["K", "N", "2"]
        scales = {scale.name for scale in positions.dims[0].values()}
        assert scales == {
            f"/datasets/settings.{name}"
            for name in ("layout.relative_width", "cue.memory", "cue.corruption")
        }


@pytest.mark.parametrize("path", KEPT, ids=lambda path: path.stem)
def test_any_file_of_artiq_can_be_annotated(path, tmp_path):
    with h5py.File(path) as file:
        assert not file["datasets/shot.overlaps"].dims[1].label
    with h5py.File(exported(path, tmp_path / "annotated.h5")) as file:
        datasets = file["datasets"]
        assert [d.label for d in datasets["shot.overlaps"].dims] == ["S", "P"]
        assert datasets["plan.positions"].attrs["units"] == "m"
        assert len(datasets["shot.overlaps"].dims[1]) == 1
    with Run(tmp_path / "annotated.h5") as again, Run(path) as run:
        assert again.keys == run.keys
        np.testing.assert_array_equal(again.frames, run.frames)


def test_an_annotated_file_can_do_without_images(file, tmp_path):
    path = exported(file, tmp_path / "annotated.h5", "--without-images")
    with Run(path) as run, h5py.File(path) as opened:
        check_annotated(opened["datasets"])
        assert not run.has("shot.frames")
        assert run.overlaps.shape == (2, 10)


def test_exports_that_cannot_be_written(file, tmp_path):
    with Run(file) as run:
        with pytest.raises(ParameterError, match="must end in .nc, .csv, .h5"):
            export.write(run, tmp_path / "run.xlsx")
        for suffix in (".nc", ".csv", ".h5"):
            with pytest.raises(ResultsError, match="cannot (write|be written)"):
                export.write(run, tmp_path / "none" / f"run{suffix}")
    assert not list(tmp_path.glob("*.partial"))


def test_a_file_may_be_annotated_twice_and_onto_itself(file):
    exported(file, file)
    with Run(file) as run, h5py.File(file) as opened:
        assert run.overlaps.shape == (2, 10)
        check_annotated(opened["datasets"])
        assert len(opened["datasets/shot.overlaps"].dims[1]) == 1


@pytest.fixture
def mounted(tmp_path):
    with disk(tmp_path, 4) as made:
        yield made


@pytest.mark.parametrize("suffix", [".nc", ".h5", ".csv"])
@pytest.mark.parametrize("room", [0, 20_000, 300_000])
def test_a_disk_too_full_for_an_export_has_nothing_of_it(mounted, file, room, suffix):
    mounted.fill(leave=0 if suffix == ".csv" else room)
    with (
        Run(file) as run,
        pytest.raises(ResultsError, match="No space left"),
    ):
        export.write(run, mounted.root / f"x{suffix}")
    assert {path.name for path in mounted.root.iterdir()} == {"filler", "lost+found"}
