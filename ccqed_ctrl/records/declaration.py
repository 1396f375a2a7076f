"""Declaring datasets: one line each, in a class that also reads them back.

    class RabiRecord(ShotRecord):
        pulse_length = plan("", "float64", "of the drive", "us")
        counts = row("", "int64", "photons of the shot")

On the class a name is its `Entry`, the key with which values are published; on an
instance it is the value. Axes are names: S shots (rows), K points of a scan, and what a
record adds (P memories, N ensembles, F frames, ny, nx pixels...); digits are sizes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol, overload

import numpy as np
from numpy.typing import NDArray

from ..errors import SchemaError
from ..units import SCALES

#: Axes that every run has: its rows, and the points of its scan.
SHOTS, POINTS = "S", "K"
#: The row dataset that says to which point each shot belongs.
POINT: Final = "point"
#: The dataset that says how many points each scan has.
SHAPE: Final = "plan.scan_shape"


@dataclass(frozen=True)
class Entry:
    """One dataset: key, axes by name, numpy type ('str' for text), unit, meaning.

    planned: known before it was measured. raw: as it was measured, and large: all else
    can be made of it again. applet: of ARTIQ, that shows it live: its
    command, {} for the key.
    """

    key: str
    axes: tuple[str, ...]
    dtype: str
    doc: str
    unit: str = ""
    planned: bool = False
    applet: str = ""
    raw: bool = False

    @property
    def is_summary(self) -> bool:
        """Whether it is worked out from all shots."""
        return self.key.startswith("summary.")

    @property
    def bars(self) -> str:
        """The key of the live dataset with the heights of its error bars."""
        return f"live.{self.key.partition('.')[2]}_bar"

    def along(self, axis: str) -> Entry:
        """Return the same with one axis more, in front."""
        return replace(self, axes=(axis, *self.axes))

    def conform(self, value: Any) -> Any:
        """Return `value` in this type: arrays, Python scalars, text or lists of text.

        Raises
        ------
        SchemaError
            A wrong shape, or a type or value that would lose data.
        """
        if self.dtype == "str":
            return self._texts(value)
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise SchemaError(f"{self.key} must be an array: {error}") from None
        self.check_shape(array.shape)
        if not np.can_cast(array.dtype, self.dtype, "same_kind"):
            raise SchemaError(f"{self.key} is {self.dtype}; got {array.dtype}")
        cast = array.astype(self.dtype)
        if cast.dtype.kind in "iub" and not np.array_equal(cast, array):
            raise SchemaError(f"{self.key} is {self.dtype}; some values do not fit it")
        return cast if self.axes else cast.item()

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """Refuse a shape that the axes do not allow."""
        fits = len(shape) == len(self.axes) and all(
            not axis.isdigit() or int(axis) == size
            for axis, size in zip(self.axes, shape, strict=True)
        )
        if not fits:
            raise SchemaError(f"{self.key} has axes {self.axes}; got shape {shape}")

    def _texts(self, value: Any) -> Any:
        if not self.axes:
            if not isinstance(value, str):
                raise SchemaError(f"{self.key} is text; got {value!r}")
            return value
        several = isinstance(value, Iterable) and not isinstance(value, str)
        texts = list(value) if several else [value]
        inner = replace(self, axes=self.axes[1:])
        if not several:
            raise SchemaError(f"{self.key} is a list of texts; got {value!r}")
        return [inner.conform(text) for text in texts]

    def empty(self, sizes: dict[str, int]) -> Any:
        """Return what stands for one that could not be measured: NaN, 0 or ""."""
        if self.dtype == "str":
            return ""
        shape = [int(sizes.get(axis, axis)) for axis in self.axes if axis != SHOTS]
        fill = np.nan if np.dtype(self.dtype).kind in "fc" else 0
        return np.full(shape, fill, self.dtype)


class Datasets(Protocol):
    """Where a record reads from: an open file, or the run that is being made."""

    def has(self, key: str) -> bool:
        """Tell whether there is such a dataset."""

    def entry(self, key: str) -> Entry:
        """Return how the dataset is stored: axes may have come in front."""

    def get(self, key: str) -> Any:
        """Return a whole dataset."""

    def row(self, key: str, index: int) -> Any:
        """Return row `index` of its first axis."""


class Declaration:
    """A line of a record: an `Entry` of the class, a value of an instance."""

    def __init__(self, kind: str, axes: str, dtype: str, doc: str, **more: Any) -> None:
        own = (SHOTS,) if kind == "shot" else ()
        reserved = (SHOTS, POINTS) if kind in ("shot", "plan") else (SHOTS,)
        for axis in axes.split()[len(own) :]:
            if axis in reserved:
                raise SchemaError(
                    f"axis {axis!r} of {doc!r} is reserved: {SHOTS} (shots) and "
                    f"{POINTS} (points of the scan) come in front where they are due; "
                    "give the axis another name"
                )
        self._kind = kind
        self._made = Entry("", tuple(axes.split()), dtype, doc, **more)

    def __set_name__(self, owner: type, name: str) -> None:
        if self._made.unit not in SCALES:
            raise SchemaError(f"{owner.__name__}.{name}: no unit {self._made.unit!r}")
        self._made = replace(self._made, key=f"{self._kind}.{name}")

    @overload
    def __get__(self, record: None, owner: type) -> Entry: ...

    @overload
    def __get__(self, record: Record, owner: type) -> Any: ...

    def __get__(self, record: Record | None, owner: type) -> Any:
        return self._made if record is None else record.datasets.get(self._made.key)


def plan(axes: str, dtype: str, doc: str, unit: str = "") -> Any:
    """Declare what is planned, once for the run or, where it varies, for each point."""
    return Declaration("plan", axes, dtype, doc, unit=unit, planned=True)


def row(axes: str, dtype: str, doc: str, unit: str = "", **more: bool) -> Any:
    """Declare what each shot has; the shots' axis comes in front of `axes`.

    more: `planned`, `raw` (see `Entry`).
    """
    return Declaration("shot", f"{SHOTS} {axes}", dtype, doc, unit=unit, **more)


def summary(
    axes: str, dtype: str, doc: str, unit: str = "", *, applet: str = ""
) -> Any:
    """Declare what is worked out from all shots, perhaps shown by an ARTIQ applet.

    A curve gets error bars from `NAME_bar = live(...)`: their whole height, about NAME.
    """
    return Declaration("summary", axes, dtype, doc, unit=unit, applet=applet)


def live(axes: str, dtype: str, doc: str, applet: str = "") -> Any:
    """Declare what is only shown while the run goes on, perhaps by an ARTIQ applet.

    An image has its columns first: that axis the applet draws to the right.
    """
    return Declaration("live", axes, dtype, doc, applet=applet)


class _Lines(dict[str, Any]):
    """The body of a record, as it is written: what cannot be meant is refused."""

    def __init__(self, owner: str, bases: tuple[type, ...]) -> None:
        super().__init__()
        self._owner, self._bases = owner, bases

    def __setitem__(self, name: str, item: Any) -> None:
        if isinstance(item, Declaration):
            known = [base.__name__ for base in self._bases if hasattr(base, name)]
            if name in self:
                known = ["a line above"]
            if known:
                raise SchemaError(
                    f"{self._owner}.{name}: the name is taken, by {known[0]}; "
                    "give the dataset another"
                )
        super().__setitem__(name, item)


class _Declaring(type):
    """What makes classes of records."""

    @classmethod
    def __prepare__(
        cls, name: str, bases: tuple[type, ...], /, **_: Any
    ) -> MutableMapping[str, object]:
        return _Lines(name, bases)


class Record(metaclass=_Declaring):
    """The datasets of one run; subclasses declare them."""

    def __init__(self, datasets: Datasets) -> None:
        self.datasets = datasets

    @classmethod
    def entries(cls) -> Iterator[Entry]:
        """Return every declared dataset, those of base classes first."""
        for base in reversed(cls.__mro__):
            for name, item in vars(base).items():
                if isinstance(item, Declaration):
                    yield getattr(cls, name)

    def summarise(self) -> Mapping[Entry, Any]:
        """Work out the summary of all shots so far; nothing unless a record does."""
        return {}

    def has(self, entry: Entry) -> bool:
        """Tell whether the run has stored it."""
        return self.datasets.has(entry.key)

    def row(self, entry: Entry, index: int) -> Any:
        """Return one shot's part without reading the others."""
        return self.datasets.row(entry.key, index)

    def rows(self, entry: Entry, which: NDArray[np.bool_]) -> NDArray[Any]:
        """Return the parts of the shots where `which` (S,) is True."""
        return np.asarray(self.datasets.get(entry.key))[which]

    @property
    def points(self) -> int:
        """Number K of points of the scan; 1 without one."""
        if not self.datasets.has(SHAPE):
            return 1
        return int(np.prod(self.datasets.get(SHAPE), dtype=int))

    def setting(self, group: str, name: str) -> NDArray[Any]:
        """Return a setting at each point of the scan, (K,)."""
        value = np.asarray(self.datasets.get(f"settings.{group}.{name}"))
        return np.broadcast_to(value, (self.points,))

    def per_shot(self, entry: Entry) -> NDArray[Any]:
        """Return what is stored once, or for each point, as it holds for each shot."""
        point = np.asarray(self.datasets.get(f"shot.{POINT}"))
        value = np.asarray(self.datasets.get(entry.key))
        if self.datasets.entry(entry.key).axes[:1] == (POINTS,):
            return np.asarray(value[point])
        return np.broadcast_to(value, (len(point), *value.shape))
