"""Numbers and scans as people write them."""

from __future__ import annotations

import math
import time

import pytest
from artiq.language.scan import Scannable
from hypothesis import assume, example, given
from hypothesis import strategies as st

from ccqed_ctrl.errors import ParameterError
from ccqed_ctrl.notation import MOST_POINTS, Range, Values, form, number, scan, written
from ccqed_ctrl.units import SCALES, angular, si_unit

FINITE = st.floats(allow_nan=False, allow_infinity=False)
UNITS = st.sampled_from(sorted(SCALES))


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("5", "ms", 5.0),
        ("5e-3", "ms", 5e-3),
        ("-3", "", -3.0),
        (" +.5 ", "", 0.5),
        ("1_000", "", 1000.0),
        ("20%", "", 0.2),
        ("20 %", "%", 0.2),
        ("57%", "", 0.57),  # 57 * 0.01 is not
        ("5ms", "s", 5e-3),
        ("5 ms", "us", 5e-3),
        ("5*ms", "ms", 5e-3),
        ("5 * ms", "ms", 5e-3),
        ("5us", "ms", 5e-6),  # 5 * 1e-6 is not
        ("5 \u00b5s", "ms", 5e-6),
        ("5e3us", "ms", 5e-3),
        ("3 dB", "dB", 3.0),
        ("2*pi*150*kHz", "rad/s", angular(150e3)),
        ("2pi*150kHz", "2pi kHz", angular(150e3)),
        ("2pi 150 kHz", "2pi MHz", angular(150e3)),
        ("2\u03c0*150kHz", "2pi MHz", angular(150e3)),
        ("150 2pi kHz", "2pi kHz", angular(150e3)),  # as the dashboard shows it
        ("150*2*pi*kHz", "2pi kHz", angular(150e3)),
        ("-2pi*3 MHz", "rad/s", angular(-3e6)),
        ("2pi*\u22123 MHz", "rad/s", angular(-3e6)),
        ("2pi*150e3", "rad/s", angular(150e3)),
        ("1e-6 rad/s", "2pi kHz", 1e-6),
        ("942", "2pi kHz", 942.0),
        ("5", "atoms", 5.0),
    ],
)
def test_numbers(text, unit, value):
    assert number(text, unit) == value


@pytest.mark.parametrize(
    "text", ["", " ", "abc", "ms", "5 5", "5ms ms", "5**ms", "--5"]
)
@pytest.mark.parametrize("unit", ["", "ms", "2pi kHz", "atoms"])
def test_other_texts_are_refused(text, unit):
    with pytest.raises(ParameterError) as refused:
        number(text, unit)
    assert str(refused.value) == f"must be {form(unit)}; got {text!r}"


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("inf", ""), ("nan", ""), ("-inf", "s"), ("1e999", ""), ("1__0", ""),
        ("5kHz", "ms"), ("5ms", ""), ("20%", "ms"), ("5 khz", "kHz"),
        ("2pi*5kHz", "kHz"), ("2pi*2pi*5kHz", "2pi kHz"), ("2pi*5*2pi*kHz", "2pi kHz"),
        ("2pi*5ms", "ms"), ("2pi kHz", "2pi kHz"), ("1502pi kHz", "2pi kHz"),
        ("-2pi*-3kHz", "2pi kHz"), ("5e", ""), ("0x10", ""), ("5 atoms", "atoms"),
        ("5*", "ms"), ("5 m s", "ms"), ("\u0665", ""), ("5%%", ""),
    ],
)  # fmt: skip
def test_what_is_no_number_of_this_quantity(text, unit):
    with pytest.raises(ParameterError):
        number(text, unit)


def test_a_refusal_shows_what_works():
    with pytest.raises(ParameterError) as refused:
        number("5 kHz", "ms")
    assert str(refused.value) == (
        "must be a time such as 5ms, 5*ms or 5e-3; got '5 kHz'"
    )


def test_a_frequency_is_no_angular_frequency():
    for unit in ("rad/s", "2pi kHz"):
        with pytest.raises(ParameterError, match=r"did you mean 2pi\*150kHz\?"):
            number("150kHz", unit)


@given(UNITS)
def test_the_forms_shown_do_work(unit):
    forms = form(unit).partition(" such as ")[2].replace(" or ", ", ").split(", ")
    values = [number(text, unit) for text in forms]
    if si_unit(unit):  # forms of a plain number are different numbers
        assert values == pytest.approx([values[0]] * 3, rel=0.01)


@given(FINITE, UNITS | st.just("atoms"))
@example(-0.0, "ms")
@example(5e-324, "GHz")
@example(1.7976931348623157e308, "ps")
def test_what_is_written_is_read_to_the_last_bit(value, unit):
    read = number(written(value, unit), unit)
    assert (read, math.copysign(1, read)) == (value, math.copysign(1, value))


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (5e-3, "ms", "5 ms"),
        (5e-6, "us", "5 us"),
        (0.2, "%", "20 %"),
        (0.2, "", "0.2"),
        (-1e6, "MHz", "-1 MHz"),
        (angular(150e3), "2pi kHz", "2pi*150 kHz"),
        (angular(-151.3e6), "2pi MHz", "2pi*-151.3 MHz"),
        (1e-20, "ms", "1e-17 ms"),
        (1000, "", "1000"),
        (5.0, "atoms", "5"),
    ],
)
def test_what_is_written(value, unit, text):
    assert written(value, unit) == text


@given(st.integers(1, 9999), st.sampled_from(["Hz", "kHz", "MHz", "GHz"]))
def test_short_angular_frequencies_stay_short(count, unit):
    text = f"2pi*{count} {unit}"
    assert len(written(number(text, "rad/s"), f"2pi {unit}")) <= len(text)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_only_finite_values_are_written(value):
    with pytest.raises(ParameterError):
        written(value, "ms")


def test_ranges():
    assert scan("0:0.4:5") == Range(0, 0.4, 5)
    assert scan("0ms:10ms:6", "us") == scan("0:10ms:6", "ms") == Range(0, 0.01, 6)
    assert scan("-1 : 1 : 3") == Range(-1, 1, 3)
    assert Range(0, 1, 3).values == tuple(Range(0, 1, 3)) == (0, 0.5, 1)
    assert Range(2, 5, 1).values == (2,)
    assert scan("0:10%:2").values == (0, 0.1)


def test_values():
    assert scan("0.1,0.2,0.5").values == (0.1, 0.2, 0.5)
    assert scan("10%, 20%").values == (0.1, 0.2)
    assert tuple(scan("0,1ms", "ms")) == (0, 1e-3)


@pytest.mark.parametrize("text", ["5", "5ms", "", "heart,cat", "[1, 2]", "C:/icons"])
def test_what_is_no_scan(text):
    assert scan(text, "ms") is None


@pytest.mark.parametrize(
    "text",
    ["0:1", "0:1:2:3", "0:1:0", "0:1:x", "0:1:2.5", "0:1:-1", "0:x:3", "0::3"]
    + ["0:1:1000000", "0:1:9999999999", "1,", "1,,2", "1,x", "1,inf", "0:1kHz:3"]
    + ["5,10ms", "5:10ms:3", "-1e308:1e308:3", "1," * MOST_POINTS + "1"],
)
def test_scans_that_are_refused(text):
    with pytest.raises(ParameterError, match="must "):
        scan(text, "ms")


@given(FINITE, FINITE, st.integers(1, 50))
def test_artiq_makes_the_same_scan(start, stop, points):
    assume(math.isfinite(stop - start))
    for own in (Range(start, stop, points), Values((start, stop))):
        theirs = Scannable().process(own.describe())
        assert list(theirs) == list(own)
        assert len(theirs) == len(own) == len(own.values)
        assert theirs.describe() == own.describe()


@given(st.text(), UNITS)
@example("+" * 50, "")
def test_any_text_is_read_or_refused(text, unit):
    for reader in (number, scan):
        try:
            reader(text, unit)
        except ParameterError as error:
            assert len(str(error)) < 300


@given(st.text("0123456789.,:+-*eE_ %2pikHzmsrad/", max_size=40), UNITS)
def test_near_misses_are_read_or_refused(text, unit):
    """What is read can be written and read again; what is refused is told the form."""
    try:
        value = number(text, unit)
    except ParameterError as error:
        assert str(error).startswith(f"must be {form(unit)}; got ")
    else:
        assert number(written(value, unit), unit) == value
    try:
        found = scan(text, unit)
    except ParameterError as error:
        assert str(error).startswith("must ")
    else:
        assert found is None or all(map(math.isfinite, found))


@pytest.mark.parametrize("piece", ["9", " ", "2pi*", "1_", "e", "a/", "1,", "1:", "*"])
def test_long_texts_are_quick(piece):
    begun = time.perf_counter()
    for length in (90 // len(piece), 1_000_000):
        for text in (piece * length, f"1{piece * length}!"):
            for reader in (number, scan):
                try:
                    reader(text)
                except ParameterError:
                    continue
    assert time.perf_counter() - begun < 1


def test_units_of_one_dimension_read_alike():
    for unit in SCALES:
        base = si_unit(unit)
        assert number("3", unit) == number("3", base)
        assert form(base)
