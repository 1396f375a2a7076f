"""Argument processors: what an argument may be, and how it is shown."""

import logging

from sipyco import pyon

from artiq import compat
from artiq.language import units

logger = logging.getLogger(__name__)


class NoDefault:
    """Stands for "no default given"."""


class DefaultMissing(Exception):
    """An argument has no default, and no value was supplied."""


def scale_of(unit, scale):
    """Return the given scale, or that of a common unit."""
    if scale is not None:
        return scale
    if unit == "":
        return 1.0
    if unit not in units.__all__:
        raise KeyError(f"Unit {unit} is unknown, you must specify the scale manually")
    return getattr(units, unit)


def precision_of(precision, ndecimals):
    """Return the precision, also under its name before ARTIQ 7."""
    if ndecimals is None:
        return precision
    logger.warning("'ndecimals' is deprecated; use 'precision'")
    return ndecimals


class _Processor:
    def __init__(self, default=NoDefault):
        if isinstance(default, list):
            raise NotImplementedError("lists of defaults are only for Scannable")
        if default is not NoDefault:
            self.default_value = self.process(default)

    def default(self):
        """Return the default value."""
        if not hasattr(self, "default_value"):
            raise DefaultMissing
        return self.default_value

    def process(self, x):
        """Turn what was supplied into the value the experiment sees."""
        return x

    def describe(self):
        """Return what a user interface needs."""
        description = {"ty": type(self).__name__}
        if hasattr(self, "default_value"):
            description["default"] = self.default_value
        return description


class PYONValue(_Processor):
    """Any value PYON can express; supplied as PYON text."""

    def __init__(self, default=NoDefault):
        if default is not NoDefault:
            self.default_value = default

    def process(self, x):
        """Decode the text."""
        return compat.pyon_decode(x)

    def describe(self):
        """Return the description, with the default as PYON text."""
        description = super().describe()
        if "default" in description:
            description["default"] = pyon.encode(self.default_value)
        return description


class BooleanValue(_Processor):
    """True or False, and nothing that merely looks like it."""

    def process(self, x):
        """Return `x` if it is a bool."""
        if type(x) is not bool:
            raise ValueError("Invalid BooleanValue value")
        return x


class EnumerationValue(_Processor):
    """One of a list of strings."""

    def __init__(self, choices, default=NoDefault, quickstyle=False):
        self.choices = choices
        self.quickstyle = quickstyle
        super().__init__(default)

    def process(self, x):
        """Return `x` if it is one of the choices."""
        if x not in self.choices:
            raise ValueError("Invalid EnumerationValue value")
        return x

    def describe(self):
        """Return the description with the choices."""
        return super().describe() | {
            "choices": self.choices,
            "quickstyle": self.quickstyle,
        }


class NumberValue(_Processor):
    """A number in SI units; unit, scale, step and bounds are for display.

    The value is an int with ``type="int"``, or with ``type="auto"`` where precision
    is 0, scale 1 and step whole; a float otherwise.
    """

    valid_types = ["auto", "float", "int"]

    def __init__(
        self,
        default=NoDefault,
        unit="",
        *,
        scale=None,
        step=None,
        min=None,  # noqa: A002 (ARTIQ's names)
        max=None,  # noqa: A002
        precision=2,
        type="auto",  # noqa: A002
        ndecimals=None,
    ):
        self.unit = unit
        self.scale = scale_of(unit, scale)
        self.step = self.scale / 10.0 if step is None else step
        self.min = min
        self.max = max
        self.precision = precision_of(precision, ndecimals)
        self.type = type
        if type not in self.valid_types:
            raise TypeError("type must be 'float', 'int' or 'auto'")
        if type == "int" and not self._looks_whole():
            raise ValueError("type 'int' needs precision=0, scale=1 and a whole step")
        super().__init__(default)

    def _looks_whole(self):
        whole_step = int(self.step) == self.step
        return self.precision == 0 and whole_step and self.scale == 1

    def _is_int(self):
        return self.type == "int" or (self.type == "auto" and self._looks_whole())

    def process(self, x):
        """Return `x` as an int or a float; bounds are not checked, as in ARTIQ."""
        return int(x) if self._is_int() else float(x)

    def describe(self):
        """Return the description with unit, scale, step, bounds and precision."""
        names = ("unit", "scale", "step", "min", "max", "precision", "type")
        return super().describe() | {name: getattr(self, name) for name in names}


class StringValue(_Processor):
    """A text."""
