"""Results made of journals: beside what was half written, never under a live run."""

from __future__ import annotations

import h5py
import numpy as np
import pytest

import analysis
from analysis.files.pairing import journal_path
from analysis.files.recovery import orphans, recover, results_file
from analysis.files.results_file import open_file
from ccqed_ctrl import cli
from ccqed_ctrl.errors import ResultsError
from ccqed_ctrl.holograms import HologramRecord
from ccqed_ctrl.journal import Journal
from ccqed_ctrl.records import encoded
from ccqed_ctrl.storage import hold, release

SHOTS = 3


@pytest.fixture
def journal(tmp_path):
    """The journal of a run that was killed after its last shot."""
    path = tmp_path / "000000007-Recall.journal"
    with Journal.create(path) as made:
        made.store(
            {
                "schema": encoded(HologramRecord.entries(), "HologramRecord"),
                "schema_revision": 2,
                "status": "running",
                "backend": "simulation",
                "root.expid": "{}",
                "root.rid": 7,
            }
        )
        for shot in range(SHOTS):
            made.append(shot, {"shot.frames": np.full((2, 8, 8), shot, np.uint16)})
            made.append(shot, {"shot.verdict": "ok"})
    return path


def whole(path):
    with h5py.File(path, "w") as file:
        file["datasets/status"] = "ok"
        file["datasets/numbers"] = np.arange(10_000.0)
    return path.read_bytes()


@pytest.mark.parametrize("part", [0.0, 0.01, 0.5, 0.99])
def test_a_file_that_was_half_written_is_kept_and_made_anew(journal, part):
    target = results_file(journal)
    content = whole(target)
    half = content[: int(part * len(content))]
    target.write_bytes(half)
    assert orphans(journal.parent) == [journal]
    with analysis.open(recover(journal)) as run:
        assert (run.shots, run.status) == (SHOTS, "killed")
        assert list(run.frames[:, 0, 0, 0]) == [0, 1, 2]
    assert target.with_name(f"{target.name}.broken").read_bytes() == half
    assert not journal.exists()


def test_a_whole_file_is_left_alone(journal):
    content = whole(results_file(journal))
    assert orphans(journal.parent) == []
    with pytest.raises(ResultsError, match="is there already"):
        recover(journal)
    assert results_file(journal).read_bytes() == content
    assert journal.exists()


def test_a_file_that_is_being_written_is_left_alone(journal):
    with h5py.File(results_file(journal), "w") as file:
        file["datasets/status"] = "ok"
        assert orphans(journal.parent) == []
        with pytest.raises(ResultsError, match="is there already"):
            recover(journal)


def test_a_journal_is_not_recovered_while_its_results_are_to_come(journal):
    hold(journal)
    with pytest.raises(ResultsError, match="its run is still going on"):
        recover(journal)
    assert journal.exists()
    with Journal.open(journal) as reader:
        assert reader.shots("shot.verdict") == SHOTS
    release(journal)
    recover(journal)


def test_the_listing_names_what_is_left_of_killed_runs(journal, capsys):
    arguments = ["ls", str(journal.parent)]
    assert cli.main(arguments) == 0
    said = capsys.readouterr().out
    assert f"a run was killed: ccqed recover {journal} keeps what it had" in said
    hold(journal)
    cli.main(arguments)
    release(journal)
    assert f"{journal}: its run is still going on" in capsys.readouterr().out
    recover(journal)
    cli.main(arguments)
    assert "journal" not in capsys.readouterr().out


@pytest.fixture
def ended(journal):
    """The same journal, of a run that came to its end."""
    with Journal.open(journal) as made:
        made.store({"status": "ok"})
    return journal


def name_in(path, journal):
    with h5py.File(path, "w") as file:
        file["datasets/status"] = "ok"
        file["datasets/journal.name"] = journal.name
        file["datasets/journal.folder"] = str(journal.parent)


def test_a_journal_that_a_file_of_another_name_has_is_no_orphan(ended, capsys):
    """As `artiq_run -o NAME` leaves them."""
    assert orphans(ended.parent) == [ended]
    name_in(ended.parent / "mine.h5", ended)
    assert orphans(ended.parent) == []
    assert cli.main(["ls", str(ended.parent)]) == 0
    assert "journal" not in capsys.readouterr().out


def test_the_journal_of_a_run_that_ended_stays(ended, tmp_path_factory, capsys):
    """As in the second folder: ARTIQ's file, which has it, stands in the first."""
    elsewhere = tmp_path_factory.mktemp("first") / "mine.h5"
    name_in(elsewhere, ended)
    assert cli.main(["ls", str(ended.parent)]) == 0
    said = capsys.readouterr().out
    assert f"no results file here has {ended}: ccqed recover" in said
    assert "killed" not in said
    with analysis.open(recover(ended)) as run:
        assert (run.shots, run.status) == (SHOTS, "ok")
    with open_file(elsewhere) as file:
        assert journal_path(file) == ended
    assert orphans(ended.parent) == []
