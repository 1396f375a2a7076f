"""Arguments of an experiment: from the command line, a file, or Python."""

from __future__ import annotations

import ast
import contextlib
import difflib
import logging
import math
import sys
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from artiq.language.environment import (
    DefaultMissing,
    EnumerationValue,
    NumberValue,
    PYONValue,
    StringValue,
)
from artiq.language.scan import NoScan, Scannable
from sipyco import pyon

from ccqed_ctrl import notation
from ccqed_ctrl.errors import ExperimentError, ParameterError
from ccqed_ctrl.units import SCALES

logger = logging.getLogger(__name__)

#: What processors raise; the last two by sipyco's own reader of PYON version 1.
_NOT_A_VALUE = (
    ValueError, TypeError, KeyError, OverflowError, NameError, SyntaxError,
)  # fmt: skip


class Text(str):
    """An argument as typed: PYON, a Python literal, `notation`, or plain text."""

    __slots__ = ()


def parse(items: Iterable[str]) -> dict[str, Any]:
    """Turn ``NAME=VALUE`` items into arguments.

    Raises
    ------
    ExperimentError
        An item is not of this form, or names an argument twice.
    """
    arguments: dict[str, Any] = {}
    for item in items:
        name, equals, text = item.partition("=")
        if not equals or not name.isidentifier():
            raise ExperimentError(f"arguments are written NAME=VALUE; got {item!r}")
        if name in arguments:
            raise ExperimentError(f"argument {name!r} is given twice")
        arguments[name] = Text(text)
    return arguments


def parse_interactive(items: Iterable[str]) -> dict[str, Any]:
    """Turn ``NAME=VALUE`` items and PYON files into answers to later questions.

    Raises
    ------
    ExperimentError
        A file is missing, or is not a PYON dictionary.
    """
    answers: dict[str, Any] = {}
    for item in items:
        if "=" in item:
            answers |= parse([item])
            continue
        try:
            found = pyon.load_file(item)
        except (OSError, ValueError, TypeError) as error:
            message = f"interactive answers {item!r} cannot be read: {error}"
            raise ExperimentError(message) from error
        if not isinstance(found, dict):
            raise ExperimentError(f"{item} must hold a dictionary of arguments")
        answers |= found
    return answers


def closest(name: str, known: Iterable[str]) -> str:
    """Return "; did you mean ...?" if there is something near, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def decode(text: str) -> Any:
    """Return the value of PYON text or of a Python literal, else the text itself."""
    for reader in (pyon.decode, ast.literal_eval):
        try:
            return reader(text)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            continue
    return str(text)


def interpret(text: Text, processor: Any) -> Any:
    """Return what `processor` should be given for a text from the command line.

    A processor with `reads_notation = True` is given the text as typed.

    Raises
    ------
    ParameterError
        The text is no number, or no scan, of this quantity; without a subject.
    """
    if getattr(processor, "reads_notation", False):
        return str(text)
    value = decode(text)
    if isinstance(processor, NumberValue):
        return _number(text, value, processor)
    if isinstance(processor, Scannable):
        return _scan(text, value, processor)
    if isinstance(processor, StringValue | EnumerationValue):
        return value if isinstance(value, str) else str(text)
    if isinstance(processor, PYONValue):
        # It decodes by itself. Quoted PYON, as artiq_run needs it, is also taken.
        quoted = isinstance(value, str) and not isinstance(decode(value), str)
        return value if quoted else str(text)
    return value


def _number(text: Text, value: Any, processor: Any) -> Any:
    if isinstance(value, Real) and not isinstance(value, bool):
        return value
    with contextlib.suppress(ValueError):
        return float(text)  # inf and nan, as ARTIQ
    try:
        return notation.number(text, _unit(processor))
    except ParameterError:
        if _is_whole(processor):
            raise ParameterError(f"must be a whole number; got {str(text)!r}") from None
        raise


def _scan(text: Text, value: Any, processor: Any) -> Any:
    if isinstance(value, Mapping):
        return value
    unit = _unit(processor)
    scan = notation.scan(text, unit) or NoScan(notation.number(text, unit))
    return scan.describe()


def _unit(processor: Any) -> str:
    """Return the unit that texts may have; none where the scale is not the unit's."""
    unit = processor.unit
    return unit if SCALES.get(unit) == processor.scale else ""


def _is_whole(processor: Any) -> bool:
    """Tell whether a NumberValue gives an int; the rule is ARTIQ's."""
    fits = processor.precision == 0 and processor.scale == 1
    auto = processor.type == "auto" and fits and int(processor.step) == processor.step
    return processor.type == "int" or auto


class ArgumentManager:
    """Answers `get_argument` from what was supplied, else from defaults.

    `resolved` collects the value of every argument asked for, `expid` what was
    supplied, as ARTIQ stores it. `fallbacks` are supplied values nobody must ask for.
    """

    def __init__(
        self,
        supplied: Mapping[str, Any],
        fallbacks: Mapping[str, Any] | None = None,
        interactive: Mapping[str, Any] | None = None,
    ) -> None:
        self._supplied = dict(fallbacks or {}) | dict(supplied)
        self._optional = set(fallbacks or {}) - set(supplied)
        self._interactive = dict(interactive or {})
        self.resolved: dict[str, Any] = {}
        self.expid: dict[str, Any] = {}

    def get(self, key: str, processor: Any, group: Any, tooltip: Any) -> Any:  # noqa: ARG002 (ARTIQ's interface)
        """Return the value of an argument.

        Raises
        ------
        DefaultMissing
            Naming the argument: no value was supplied and it has no default.
        ParameterError
            Naming the argument: the supplied value is not one.
        """
        if key in self._supplied:
            self.expid[key] = _given(key, self._supplied[key], processor)
            value = _process(key, processor, self.expid[key])
        else:
            value = _default(key, processor)
        self.resolved[key] = value
        return value

    def check_unprocessed_arguments(self) -> None:
        """Refuse supplied arguments that the experiment has not asked for.

        Raises
        ------
        ExperimentError
            Naming the argument and the nearest one there is.
        """
        for name in self._supplied:
            if name not in self.resolved and name not in self._optional:
                known = ", ".join(sorted(self.resolved)) or "none"
                hint = closest(name, self.resolved)
                message = f"unknown argument {name!r}{hint} (arguments: {known})"
                raise ExperimentError(message)

    def get_interactive(self, requests: list[Any], title: str) -> dict[str, Any] | None:
        """Return values asked for during the run, or None: cancelled.

        Taken from the answers supplied beforehand, else from the terminal, else from
        the defaults: a run without terminal must not wait for ever.
        """
        answers: dict[str, Any] = {}
        for key, processor, _, tooltip in requests:
            if key in self._interactive:
                given = _given(key, self._interactive[key], processor)
                answers[key] = _process(key, processor, given)
            elif sys.stdin is not None and sys.stdin.isatty():
                answers[key] = _prompt(key, processor, tooltip or title)
            else:
                try:
                    answers[key] = processor.default()
                except DefaultMissing:
                    logger.error("no answer for interactive argument %r", key)
                    return None
                logger.warning("interactive argument %r: default taken", key)
        self.resolved |= answers
        return answers


def described(values: Mapping[str, Any]) -> str:
    """Return argument values as PYON text, scans as their descriptions."""

    def plain(value: Any) -> Any:
        if hasattr(value, "describe"):
            value = value.describe()
        try:
            pyon.encode(value)
        except (TypeError, ValueError):
            return repr(value)
        return value

    text: str = pyon.encode({name: plain(value) for name, value in values.items()})
    return text


def _given(key: str, value: Any, processor: Any) -> Any:
    if not isinstance(value, Text):
        return value
    try:
        return interpret(value, processor)
    except ParameterError as error:
        raise ParameterError(_about(key, error)) from error


def _about(key: str, error: ParameterError) -> str:
    """Return a refusal with its subject; those of `notation` have none."""
    said = str(error)
    return f"argument {key!r}{'' if said.startswith('must ') else ':'} {said}"


def _default(key: str, processor: Any) -> Any:
    try:
        return processor.default()
    except DefaultMissing:
        message = f"argument {key!r} has no default: give {key}=VALUE"
        raise DefaultMissing(message) from None


def _process(key: str, processor: Any, given: Any) -> Any:
    own = getattr(processor, "reads_notation", False)  # it checks by itself, too
    try:
        value = processor.process(given)
    except _NOT_A_VALUE as error:
        if isinstance(error, ParameterError):
            raise ParameterError(_about(key, error)) from error
        choices = getattr(processor, "choices", None)
        allowed = f"one of {', '.join(choices)}" if choices else _wanted(processor)
        hint = closest(str(given), choices or ())
        message = f"argument {key!r} must be {allowed}; got {given!r}{hint} ({error})"
        raise ParameterError(message) from error
    if isinstance(processor, NumberValue) and not own:
        _check_number(key, processor, given, value)
    return value


def _wanted(processor: Any) -> str:
    kind = type(processor).__name__
    words = {
        "BooleanValue": "true or false",
        "NumberValue": "a number",
        "PYONValue": "PYON",
        "Scannable": 'a scan such as 0:0.4:5, 0.1,0.2 or {"ty": "RangeScan", ...}',
        "StringValue": "a text",
    }
    return words.get(kind, kind)


def _check_number(key: str, processor: Any, given: Any, value: float) -> None:
    if isinstance(given, bool) or (isinstance(given, Real) and given != value == value):
        wanted = "a whole number" if _is_whole(processor) else "a number"
        raise ParameterError(f"argument {key!r} must be {wanted}; got {given!r}")
    low = -math.inf if processor.min is None else processor.min
    high = math.inf if processor.max is None else processor.max
    if math.isnan(value) and (low, high) != (-math.inf, math.inf):
        message = f"argument {key!r} must be a number in [{low:g}, {high:g}]; got nan"
        raise ParameterError(message)
    if value < low or value > high:
        # ARTIQ's bounds bind the dashboard only; the experiment has the last word.
        logger.warning("argument %r: %g is outside [%g, %g]", key, value, low, high)


def _prompt(key: str, processor: Any, hint: str) -> Any:
    while True:
        typed = input(f"{key} [{type(processor).__name__}] {hint}: ")
        if not typed and hasattr(processor, "default_value"):
            return processor.default()
        try:
            return _process(key, processor, _given(key, Text(typed), processor))
        except ParameterError as error:
            logger.error("%s", error)
