"""Arguments from the command line, from a file, from Python."""

from __future__ import annotations

import io
import logging
import math

import pytest
from artiq.experiment import (
    BooleanValue,
    DefaultMissing,
    EnumerationValue,
    ExplicitScan,
    NoScan,
    NumberValue,
    PYONValue,
    RangeScan,
    Scannable,
    StringValue,
)
from sipyco import pyon

from ccqed_ctrl.errors import ExperimentError, ParameterError
from sim_backend.host import arguments
from sim_backend.host.arguments import ArgumentManager, parse

STRING, PYON = StringValue(), PYONValue()
NUMBER, WHOLE = NumberValue(1.0), NumberValue(1, precision=0, step=1)


def ask(processor, *items, key="x"):
    return ArgumentManager(parse(items)).get(key, processor, None, None)


@pytest.mark.parametrize(
    ("processor", "text", "value"),
    [
        (NUMBER, "2.5", 2.5),
        (NUMBER, "3", 3.0),
        (NUMBER, "-1e-3", -1e-3),
        (NUMBER, "20%", 0.2),
        (NumberValue(1.0, "ms"), "5ms", 5e-3),
        (NumberValue(1.0, "ms"), "5*us", 5e-6),
        (NumberValue(1.0, "ms"), "5", 5.0),
        (NumberValue(1.0, "MHz"), "-3 MHz", -3e6),
        (NumberValue(1.0, "MHz/s", scale=1e6), "5", 5.0),
        (WHOLE, "7", 7),
        (WHOLE, "2e3", 2000),
        (WHOLE, "12345678901234567890", 12345678901234567890),
        (NumberValue(1, "s", precision=0, step=1), "5000ms", 5),
        (STRING, "plain text", "plain text"),
        (STRING, '"quoted"', "quoted"),
        (STRING, "'quoted'", "quoted"),
        (STRING, "123", "123"),
        (STRING, "true", "true"),
        (STRING, "", ""),
        (STRING, "a=b", "a=b"),
        (BooleanValue(), "true", True),
        (BooleanValue(), "False", False),
        (EnumerationValue(["fast", "slow"]), "slow", "slow"),
        (EnumerationValue(["1", "2"]), "2", "2"),
        (PYON, "[1, 2]", [1, 2]),
        (PYON, '"[1, 2]"', [1, 2]),  # as artiq_run needs it
        (PYON, '"hello"', "hello"),
        (PYON, "(1, 2)", (1, 2)),
        (PYON, "5", 5),
    ],
)
def test_texts(processor, text, value):
    got = ask(processor, f"x={text}")
    assert (got, type(got)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "kind", "values"),
    [
        (
            '{"ty": "RangeScan", "start": 0, "stop": 1, "npoints": 3}',
            RangeScan,
            [0, 0.5, 1],
        ),
        ("0:1:3", RangeScan, [0, 0.5, 1]),
        ("0:10ms:3", RangeScan, [0, 5e-3, 1e-2]),
        ("0.1,0.2", ExplicitScan, [0.1, 0.2]),
        ("1ms, 3us", ExplicitScan, [1e-3, 3e-6]),
        ("5", NoScan, [5]),
    ],
)
def test_a_scan(text, kind, values):
    manager = ArgumentManager(parse([f"x={text}"]))
    scan = manager.get("x", Scannable(unit="ms"), None, None)
    assert type(scan) is kind
    assert list(scan) == values
    # What is stored is ARTIQ's own description: artiq_run takes it, too.
    assert list(Scannable().process(pyon.decode(pyon.encode(manager.expid["x"])))) == (
        values
    )


@pytest.mark.parametrize(
    ("processor", "text"),
    [
        (NUMBER, "abc"),
        (NUMBER, "true"),
        (NUMBER, "5ms"),
        (NUMBER, "0.1,0.2"),
        (NumberValue(1.0, "ms"), "20%"),
        (NumberValue(1.0, "ms", scale=1), "5ms"),
        (NumberValue(1.0, "MHz/s", scale=1e6), "5 MHz"),
        (WHOLE, "1.5"),
        (WHOLE, "true"),
        (WHOLE, "inf"),
        (WHOLE, "abc"),
        (WHOLE, "nan"),
        (WHOLE, "[1]"),
        (BooleanValue(), "1"),
        (BooleanValue(), "yes"),
        (EnumerationValue(["fast", "slow"]), "slo"),
        (PYON, "[1, 2"),
        (Scannable(), "abc"),
        (Scannable(), "[1, 2]"),
        (Scannable(), "0:1"),
        (Scannable(), "0:1kHz:3"),
        (Scannable(), '{"ty": "Sideways"}'),
    ],
)
def test_refusals_name_the_argument(processor, text):
    with pytest.raises(ParameterError, match="'x'"):
        ask(processor, f"x={text}")


@pytest.mark.parametrize(
    ("processor", "text", "message"),
    [
        (
            NumberValue(1.0, "ms"),
            "5 kHz",
            "argument 'x' must be a time such as 5ms, 5*ms or 5e-3; got '5 kHz'",
        ),
        (WHOLE, "1.5", "argument 'x' must be a whole number; got 1.5"),
        (WHOLE, "many", "argument 'x' must be a whole number; got 'many'"),
        (
            Scannable(),
            "0:1",
            "argument 'x' must be start:stop:points, such as 0:0.4:5 for 5 points; "
            "got '0:1'",
        ),
    ],
)
def test_a_refusal_shows_what_works(processor, text, message):
    with pytest.raises(ParameterError) as refused:
        ask(processor, f"x={text}")
    assert str(refused.value) == message


@pytest.mark.parametrize("given", [True, 1.5, math.inf, math.nan])
def test_nothing_is_made_whole_from_python_either(given):
    number = NumberValue(1, type="int", precision=0, step=1, scale=1)
    manager = ArgumentManager({"x": given})
    with pytest.raises(ParameterError, match="'x' must be a "):
        manager.get("x", number, None, None)


class Reading(NumberValue):
    """Reads texts by itself, as those of `ccqed_ctrl.arguments` do."""

    reads_notation = True

    def process(self, x):
        if x == 1.0:  # the default
            return x
        if x == "bad":
            raise ParameterError("must be good; got 'bad'")
        if x == "named":
            raise ParameterError("Cue.x is out of range")
        return [x]


@pytest.mark.parametrize("text", ["20%", "0:1:3", "true", '"quoted"', "1_0", ""])
def test_a_processor_that_reads_notation_is_given_the_text_as_typed(text):
    (got,) = ask(Reading(1.0, min=0, max=1), f"x={text}")
    assert (got, type(got)) == (text, str)


def test_a_refusal_of_its_own_gets_the_name_in_front():
    for text, message in (
        ("bad", "argument 'x' must be good; got 'bad'"),
        ("named", "argument 'x': Cue.x is out of range"),
    ):
        with pytest.raises(ParameterError) as refused:
            ask(Reading(1.0), f"x={text}")
        assert str(refused.value) == message


def test_a_choice_is_suggested():
    with pytest.raises(ParameterError, match="did you mean 'slow'"):
        ask(EnumerationValue(["fast", "slow"]), "x=slo")


@pytest.mark.parametrize("text", ["nan", "NaN"])
def test_nan_is_refused_where_bounds_are(text):
    bounded = NumberValue(0.1, min=0, max=1)
    with pytest.raises(ParameterError, match=r"'x'.*\[0, 1\].*nan"):
        ask(bounded, f"x={text}")
    assert math.isnan(ask(NUMBER, f"x={text}"))


def test_bounds_are_the_dashboards(caplog):
    # ARTIQ never checks them; the experiment does, in prepare().
    assert ask(NumberValue(0.1, min=0, max=1), "x=3") == 3
    assert "outside [0, 1]" in caplog.text


@pytest.mark.parametrize("items", [["x"], ["=1"], ["1x=2"], ["x=1", "x=2"], ["-x=1"]])
def test_the_form_is_name_equals_value(items):
    with pytest.raises(ExperimentError):
        parse(items)


def test_unknown_arguments_get_a_suggestion():
    manager = ArgumentManager(parse(["corupption=0.1"]))
    manager.get("corruption", NUMBER, None, None)
    with pytest.raises(
        ExperimentError, match="'corupption'; did you mean 'corruption'"
    ):
        manager.check_unprocessed_arguments()


def test_fallbacks_need_not_be_asked_for():
    manager = ArgumentManager({}, {"seed": 5})
    manager.check_unprocessed_arguments()
    assert manager.get("seed", WHOLE, None, None) == 5
    assert manager.expid == {"seed": 5}
    assert ArgumentManager({"seed": 7}, {"seed": 5}).get("seed", WHOLE, None, None) == 7


def test_a_missing_value_is_named():
    with pytest.raises(DefaultMissing, match="'x'"):
        ask(STRING)


def test_what_is_recorded():
    manager = ArgumentManager(parse(["a=2"]))
    manager.get("a", NUMBER, None, None)
    manager.get("b", NumberValue(3.0), None, None)
    manager.get("scan", Scannable(NoScan(1)), None, None)
    assert manager.expid == {"a": 2}
    recorded = pyon.decode(arguments.described(manager.resolved | {"odd": print}))
    assert recorded["a"] == 2.0
    assert recorded["b"] == 3.0
    assert recorded["scan"] == {"ty": "NoScan", "value": 1, "repetitions": 1}
    assert "print" in recorded["odd"]


REQUESTS = [("n", WHOLE, None, None), ("name", StringValue("me"), None, "who")]


def test_answers_given_beforehand(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("never read\n"))
    file = tmp_path / "answers.pyon"
    file.write_text('{"name": "file", "n": 4}')
    answers = arguments.parse_interactive([str(file), "n=5"])
    manager = ArgumentManager({}, interactive=answers)
    assert manager.get_interactive(REQUESTS, "title") == {"n": 5, "name": "file"}


def test_without_terminal_defaults_are_taken_and_told(monkeypatch, caplog):
    monkeypatch.setattr("sys.stdin", io.StringIO("never read\n"))
    manager = ArgumentManager({})
    assert manager.get_interactive(REQUESTS, "title") == {"n": 1, "name": "me"}
    assert caplog.text.count("default taken") == 2
    assert manager.get_interactive([("x", STRING, None, None)], "") is None


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_at_a_terminal_the_operator_is_asked_until_it_fits(monkeypatch, caplog):
    monkeypatch.setattr("sys.stdin", Terminal("many\n3\n\n"))
    with caplog.at_level(logging.ERROR):
        got = ArgumentManager({}).get_interactive(REQUESTS, "title")
    assert got == {"n": 3, "name": "me"}
    assert "'n'" in caplog.text


@pytest.mark.parametrize("text", [None, "[1]", "{broken"])
def test_answers_that_cannot_be_read(tmp_path, text):
    file = tmp_path / "answers.pyon"
    if text is not None:
        file.write_text(text)
    with pytest.raises(ExperimentError, match="answers"):
        arguments.parse_interactive([str(file)])
