"""Parameter groups as ARTIQ arguments, each group a handle.

    self.cue = arguments(self, Cue, "Cue", scannable={"corruption": None})   # build()
    ...
    cue = self.cue.collect()                                                # prepare()

The processors are ARTIQ's own as the dashboard sees them. What they take is more, by
every route: numbers with units as people write them, and for any field a scan.
"""

from __future__ import annotations

import dataclasses
import math
import string
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, Generic, TypeVar

from artiq.experiment import (
    BooleanValue,
    EnumerationValue,
    HasEnvironment,
    NoScan,
    NumberValue,
    Scannable,
    StringValue,
)

from . import notation, pyon
from .errors import ExperimentError, ParameterError
from .quantities import Declared, Parameters

Group = TypeVar("Group", bound=Parameters)


class Arguments(Generic[Group]):
    """The arguments of one group.

    group: the class. scans: values (K,) of each field that is to run through some.
    given: the other fields that have a value, those left unset not among them.
    default: the group that has the rest.
    """

    def __init__(
        self,
        group: type[Group],
        values: Mapping[str, Any],
        default: Group | None = None,
    ) -> None:
        self.group = group
        self.default = default or group()
        self.scans = {
            name: value.values
            for name, value in values.items()
            if isinstance(value, Scan)
        }
        self.given = {
            name: value
            for name, value in values.items()
            if name not in self.scans and value is not None
        }

    def collect(
        self, point: Mapping[str, Any] | None = None, base: Group | None = None
    ) -> Group:
        """Return the group, validated: fields not given are those of `base`.

        Parameters
        ----------
        point : mapping, optional
            A value for each scanned field.
        base : Parameters, optional
            Default: that of the handle.

        Raises
        ------
        ParameterError
            A value out of its bounds (ARTIQ itself does not check), or a scan of what
            this experiment does not scan.
        """
        scanned = [name for name in self.scans if name not in (point or {})]
        if scanned:
            raise ParameterError(
                f"{self.group.__name__}.{scanned[0]} cannot be scanned here: this "
                "experiment collects one value of it"
            )
        return (base or self.default).replace(**self.given, **(point or {}))


class Scan:
    """Values that a field is to run through: validated, in order, at least one."""

    def __init__(self, values: Iterable[Any]) -> None:
        self.values = tuple(values)

    def describe(self) -> dict[str, Any]:
        """Return the scan as ARTIQ describes one of explicit values."""
        return {"ty": "ExplicitScan", "sequence": list(self.values)}


def arguments(
    experiment: HasEnvironment,
    group: type[Group],
    title: str,
    names: Iterable[str] | None = None,
    scannable: Mapping[str, Any] | None = None,
    calibrated: bool = False,
    default: Group | None = None,
) -> Arguments[Group]:
    """Declare the fields of a group (or those in `names`) as arguments. In `build()`.

    Each gets the field's SI default, display unit, bounds and step; its meaning is the
    tooltip.

    Parameters
    ----------
    title : str
        Under which the dashboard shows them.
    scannable : mapping of names to scans, optional
        What the dashboard lets scan, and by default through which values: an ARTIQ scan
        object, or None for the field's default alone.
    calibrated : bool
        Unset by default: then the value is that of `collect`'s `base`, as it is valid
        when the run is prepared.
    default : Parameters, optional
        Default values other than the group's own.

    Raises
    ------
    ExperimentError
        No such field, or an argument of that name is declared already.
    """
    values = (default or group()).to_dict()
    declared = {
        name: dataclasses.replace(one, default=values[name])
        for name, one in group.declared().items()
    }
    wanted = list(declared if names is None else names)
    known: set[str] = vars(experiment).setdefault("_declared_arguments", set())
    for name in wanted:
        if name not in declared:
            raise ExperimentError(
                f"{group.__name__} has no field {name!r}; it has {', '.join(declared)}"
            )
        if name in known:
            raise ExperimentError(
                f"argument {name!r} of {group.__name__} is declared already, by "
                "another group"
            )
        known.add(name)
    given = {}
    for name in wanted:
        processor = _processor(declared[name], calibrated, scannable or {}, name)
        tooltip = declared[name].meaning.doc
        given[name] = experiment.get_argument(name, processor, title, tooltip)
    return Arguments(group, given, default)


def _processor(
    declared: Declared, calibrated: bool, scannable: Mapping[str, Any], name: str
) -> Any:
    meaning, default = declared.meaning, declared.default
    reader = _Reader(declared, calibrated)
    bounds = {"min": meaning.minimum, "max": meaning.maximum}
    look = {"unit": meaning.unit, "scale": meaning.scale}
    if name in scannable:
        return _Scanned(
            reader, scannable[name] or NoScan(default), **look,
            global_min=meaning.minimum, global_max=meaning.maximum,
            global_step=declared.step, precision=_digits(default, meaning.scale),
        )  # fmt: skip
    if (
        declared.optional
        or calibrated
        or (declared.kind is str and not meaning.choices)
    ):
        return _Written(reader, "" if default is None or calibrated else default)
    if declared.kind is bool:
        return _Switch(reader, default)
    if declared.kind is str:
        return _Chosen(reader, list(meaning.choices), default)
    if declared.kind is int:
        return _Number(
            reader, default, type="int", precision=0, step=int(declared.step), scale=1,
            **bounds,
        )  # fmt: skip
    return _Number(
        reader, default, step=declared.step, precision=_digits(default, meaning.scale),
        **look, **bounds,
    )  # fmt: skip


def _digits(default: float | None, scale: float) -> int:
    """Return decimals that show three digits after the leading one."""
    return max(0, 3 - math.floor(math.log10(abs(default) / scale))) if default else 3


#: How many points a scan has, by the name of ARTIQ's class.
_COUNTS: Final[Mapping[str, Callable[[Mapping[str, Any]], float]]] = {
    "NoScan": lambda scan: float(scan.get("repetitions", 1)),
    "RangeScan": lambda scan: float(scan["npoints"]),
    "CenterScan": lambda scan: abs(float(scan["span"]) / float(scan["step"])),
    "ExplicitScan": lambda scan: len(scan["sequence"]),
}


#: How a text ends that has a unit.
_UNITS = ("%", *string.ascii_letters)


class _Reader:
    """From what any route hands over to a value of the field, a scan, or None."""

    def __init__(self, declared: Declared, unset: bool) -> None:
        self._declared = declared
        self._unset = unset or declared.optional

    def __call__(self, given: Any) -> Any:
        if self._unset and (given is None or given == ""):
            return None
        several = self._several(given)
        if several is None:
            return self._validated(given)
        items = [self._validated(item) for item in several]
        if not items:
            raise ParameterError(f"{self._declared.label}: a scan of no values")
        return Scan(items)

    def _validated(self, given: Any) -> Any:
        """Return a value of the field; a bare number that lacks its unit is told so."""
        value = self._value(given)
        try:
            return self._declared.validated(value)
        except ParameterError as error:
            meaning = self._declared.meaning
            bare = isinstance(given, str) and not given.strip().endswith(_UNITS)
            if not (bare and isinstance(value, float)):
                raise
            share = meaning.unit == "" and meaning.maximum == 1
            meant = value * (0.01 if share else meaning.scale)
            try:
                self._declared.validated(meant)
            except ParameterError:
                raise error from None
            unit = "%" if share else meaning.unit
            form = notation.written(meant, unit).replace(" ", "")
            raise ParameterError(f"{error}; did you mean {form}?") from error

    def _several(self, given: Any) -> Iterable[Any] | None:
        """Return the items of a scan, None for a single value."""
        if isinstance(given, str) and given.lstrip()[:1] in ("[", "{"):
            given = pyon.read(given)
        if isinstance(given, Mapping) and "ty" in given:
            return list(Scannable().process(self.described(given)))
        if isinstance(given, list | tuple):
            return given
        if not isinstance(given, str):
            return None
        if self._declared.kind in (int, float):
            return self._scan(given)
        listed = "," in given and self._declared.kind is bool
        if listed or (self._declared.meaning.choices and "," in given):
            return [item.strip() for item in given.split(",")]
        return None

    def described(self, given: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a scan as ARTIQ describes it, if it is one, and not endless."""
        label = self._declared.label
        try:
            points = _COUNTS[given["ty"]](given)
        except (KeyError, TypeError, ValueError, ArithmeticError) as error:
            raise ParameterError(
                f"{label}: no scan: its ty must be one of {', '.join(_COUNTS)}, with "
                f"what ARTIQ's scan of that name takes; got {str(given)[:200]}"
            ) from error
        if not points <= notation.MOST_POINTS:
            raise ParameterError(
                f"{label}: a scan has at most {notation.MOST_POINTS} points; got "
                f"{points:g}"
            )
        return given

    def _scan(self, given: str) -> Iterable[Any] | None:
        try:
            found = notation.scan(given, self._declared.meaning.unit)
        except ParameterError as error:
            raise ParameterError(f"{self._declared.label} {error}") from error
        return None if found is None else found.values

    def _value(self, given: Any) -> Any:
        kind, label = self._declared.kind, self._declared.label
        if kind is str and isinstance(given, int) and not isinstance(given, bool):
            return str(given)  # memory=3
        if not isinstance(given, str):
            return given
        if kind is bool:
            return {"true": True, "false": False}.get(given.lower(), given)
        if kind is str:
            quoted = len(given) > 1 and given[0] == given[-1] and given[0] in "'\""
            return given[1:-1] if quoted else given
        if kind is int and given.strip().lstrip("+-").isdecimal():
            return int(given)  # to the last digit
        try:
            return notation.number(given, self._declared.meaning.unit)
        except ParameterError as error:
            raise ParameterError(f"{label} {error}") from error


class _Reading:
    """What all our processors share: values by `_Reader`, looks by ARTIQ's class."""

    #: The embedded host hands over what was typed as it is.
    reads_notation = True

    def __init__(self, reader: _Reader, *given: Any, **look: Any) -> None:
        self._reader = reader
        super().__init__(*given, **look)

    def process(self, given: Any) -> Any:
        return self._reader(given)

    def describe(self) -> dict[str, Any]:
        described: dict[str, Any] = super().describe()  # type: ignore[misc]
        return described | {"ty": type(self).__mro__[2].__name__}


class _Number(_Reading, NumberValue):
    pass


class _Written(_Reading, StringValue):
    def describe(self) -> dict[str, Any]:
        # What is unset is an empty line in the dashboard.
        described = super().describe()
        return described | {"default": described["default"] or ""}


class _Chosen(_Reading, EnumerationValue):
    pass


class _Switch(_Reading, BooleanValue):
    pass


class _Scanned(_Reading, Scannable):
    """A scan in the dashboard; a plain number, too, from elsewhere."""

    def process(self, given: Any) -> Any:
        if not isinstance(given, Mapping):
            return self._reader(given)
        scan = Scannable.process(self, self._reader.described(given))
        return self._one_or_many(scan)

    def default(self) -> Any:
        return self._one_or_many(Scannable.default(self))

    def _one_or_many(self, scan: Any) -> Any:
        values = [self._reader(value) for value in scan]
        return values[0] if len(values) == 1 else Scan(values)
