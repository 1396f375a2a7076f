"""Value change dumps: read back by a small reader, and by another's."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ResultsError
from sim_backend.crate.events import Event, Timeline
from sim_backend.timeline import vcd


def read(text):
    """Return events of a dump by channel and signal, the initial zeros left out."""
    names, scope, now, found = {}, "", 0, []
    body = False
    for line in text.splitlines():
        words = line.split()
        if words[0] == "$scope":
            scope = words[2]
        elif words[0] == "$var":
            names[words[3]] = (scope, words[4])
        elif words[0] == "$end":
            body = True
        elif body and line.startswith("#"):
            now = int(line[1:])
        elif body and line.startswith("r"):
            found.append(Event(now, *names[words[1]], float(words[0][1:])))
        elif body:
            found.append(Event(now, *names[line[1:]], float(line[0])))
    return found


SIGNALS = [("ttl0", "level"), ("dds", "frequency"), ("dds", "amplitude")]


@given(
    st.lists(
        st.tuples(st.integers(0, 10**12), st.sampled_from(SIGNALS), st.floats(0, 1)),
        max_size=40,
    )
)
def test_what_is_written_is_read(steps):
    timeline = Timeline()
    for time_mu, (channel, signal), value in steps:
        value = float(value > 0.5) if signal == "level" else value
        timeline.add(Event(time_mu, channel, signal, value))
    assert sorted(read(vcd.dump(timeline))) == sorted(
        event._replace(value=float(f"{event.value:.16g}")) for event in timeline.events
    )


def test_roles_come_first(tmp_path):
    timeline = Timeline({"ttl_camera": "ttl4"})
    timeline.add(Event(5, "ttl4", "level", 1.0))
    path = tmp_path / "shot.vcd"
    vcd.write(timeline, path)
    assert "$scope module ttl_camera.ttl4 $end" in path.read_text()
    assert "$timescale 1 ns $end" in path.read_text()


def test_many_signals_have_names_of_their_own():
    timeline = Timeline()
    for n in range(500):
        timeline.add(Event(n, f"ttl{n}", "level", 1.0))
    assert len(read(vcd.dump(timeline))) == 500


def test_a_file_that_cannot_be_written(tmp_path):
    with pytest.raises(ResultsError, match="cannot be written"):
        vcd.write(Timeline(), tmp_path / "missing" / "shot.vcd")


def test_another_reader_agrees():
    reader = pytest.importorskip("vcd.reader", reason="pyvcd is not installed")
    timeline = Timeline()
    timeline.add(Event(7, "ttl0", "level", 1.0))
    timeline.add(Event(9, "dds", "frequency", 80e6))
    tokens = list(reader.tokenize(io.BytesIO(vcd.dump(timeline).encode())))
    kinds = {"CHANGE_SCALAR", "CHANGE_REAL"}
    values = [float(t.data.value) for t in tokens if t.kind.name in kinds]
    assert values == [0.0, 0.0, 1.0, 80e6]
