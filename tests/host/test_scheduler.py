"""The wish to stop, and the scheduler that passes it on."""

from __future__ import annotations

import pytest
from artiq.experiment import TerminationRequested

from sim_backend.host.scheduler import CCB, Scheduler, Termination


@pytest.fixture
def termination():
    return Termination()


@pytest.fixture
def scheduler(termination):
    return Scheduler(12, {"file": "x.py"}, termination)


def test_nothing_happens_by_itself(scheduler, termination):
    scheduler.pause()
    assert not scheduler.check_pause()
    assert not scheduler.check_termination()
    assert not termination.seen


def test_a_wish_is_seen_when_it_is_told(scheduler, termination):
    termination.request()
    assert not termination.seen
    assert scheduler.check_pause()
    assert termination.seen
    assert not scheduler.check_termination(rid=99)
    with pytest.raises(TerminationRequested):
        scheduler.pause()


def test_a_second_wish_interrupts_the_experiment_only(termination):
    termination.request()
    termination.request()  # results are being written, say
    with pytest.raises(KeyboardInterrupt), termination.interruptible():
        termination.request()


def test_an_experiment_may_end_itself(scheduler, termination, caplog):
    scheduler.request_termination(13)
    assert not termination.requested
    assert "13" in caplog.text
    scheduler.delete(12)
    assert termination.requested


def test_submissions_are_noted(scheduler, caplog):
    assert scheduler.submit(due_date=5.0) == 13
    assert scheduler.submit("side", {"file": "y.py"}, 2, flush=True) == 14
    assert "y.py" in caplog.text
    assert list(scheduler.get_status()) == [12]
    assert (scheduler.pipeline_name, scheduler.priority) == ("main", 0)


def test_client_control_is_logged(caplog):
    caplog.set_level("INFO")
    CCB().issue("create_applet", "plot", "${artiq_applet}plot_xy y", group="g")
    assert "create_applet" in caplog.text
