"""Scans: sequences of values an argument runs through."""

import random
from itertools import product

from artiq.language._processors import (
    DefaultMissing,
    NoDefault,
    precision_of,
    scale_of,
)

__all__ = [
    "ScanObject", "NoScan", "RangeScan", "CenterScan", "ExplicitScan",
    "Scannable", "MultiScanManager",
]  # fmt: skip


class ScanObject:
    """A sweep; it can be iterated many times, with the same values each time."""

    #: Constructor arguments, which are attributes and the description as well.
    _fields = ()

    def __iter__(self):
        raise NotImplementedError

    def __len__(self):
        raise NotImplementedError

    def describe(self):
        """Return the scan as a dictionary from which it can be rebuilt."""
        values = {name: getattr(self, name) for name in self._fields}
        return {"ty": type(self).__name__} | values


class NoScan(ScanObject):
    """One value, `repetitions` times."""

    _fields = ("value", "repetitions")

    def __init__(self, value, repetitions=1):
        self.value = value
        self.repetitions = repetitions

    def __iter__(self):
        return (self.value for _ in range(self.repetitions))

    def __len__(self):
        return self.repetitions


class _SequenceScan(ScanObject):
    def __iter__(self):
        return iter(self.sequence)

    def __len__(self):
        return len(self.sequence)

    def _shuffle(self):
        if self.randomize:
            random.Random(self.seed).shuffle(self.sequence)


class RangeScan(_SequenceScan):
    """Evenly spaced values from `start` to `stop`, both included."""

    _fields = ("start", "stop", "npoints", "randomize", "seed")

    def __init__(self, start, stop, npoints, randomize=False, seed=None):
        self.start = start
        self.stop = stop
        self.npoints = npoints
        self.randomize = randomize
        self.seed = seed
        if npoints == 1:
            self.sequence = [start]
        else:
            step = (stop - start) / (npoints - 1)
            self.sequence = [i * step + start for i in range(npoints)]
        self._shuffle()

    def __len__(self):
        return self.npoints


class CenterScan(_SequenceScan):
    """Values around a center, from the inside out, never beyond `span`."""

    _fields = ("center", "step", "span", "randomize", "seed")

    def __init__(self, center, span, step, randomize=False, seed=None):
        self.center = center
        self.span = span
        self.step = step
        self.randomize = randomize
        self.seed = seed
        self.sequence = []
        if step != 0.0:
            self.sequence.append(center + 0 * step)
            for i in range(1, 1 + int(span / (2.0 * step))):
                self.sequence += [center - i * step, center + i * step]
        self._shuffle()


class ExplicitScan(_SequenceScan):
    """The values themselves."""

    _fields = ("sequence",)

    def __init__(self, sequence):
        self.sequence = sequence


_SCANS = {scan.__name__: scan for scan in (NoScan, RangeScan, CenterScan, ExplicitScan)}


class Scannable:
    """An argument that is a scan; `default` may be a list, the first one counts."""

    def __init__(
        self,
        default=NoDefault,
        unit="",
        *,
        scale=None,
        global_step=None,
        global_min=None,
        global_max=None,
        precision=2,
        ndecimals=None,
    ):
        if default is not NoDefault:
            self.default_values = default if isinstance(default, list) else [default]
        self.unit = unit
        self.scale = scale_of(unit, scale)
        self.global_step = self.scale / 10.0 if global_step is None else global_step
        self.global_min = global_min
        self.global_max = global_max
        self.precision = precision_of(precision, ndecimals)

    def default(self):
        """Return the first of the default scans."""
        if not hasattr(self, "default_values"):
            raise DefaultMissing
        return self.default_values[0]

    def process(self, x):
        """Rebuild a scan from its description."""
        scan = _SCANS[x["ty"]]
        return scan(**{name: x[name] for name in scan._fields if name in x})

    def describe(self):
        """Return what a user interface needs."""
        description = {"ty": "Scannable"}
        if hasattr(self, "default_values"):
            description["default"] = [scan.describe() for scan in self.default_values]
        names = (
            "unit", "scale", "global_step", "global_min", "global_max", "precision",
        )  # fmt: skip
        return description | {name: getattr(self, name) for name in names}


class MultiScanManager:
    """Nested scans as one: the product of (name, scan) pairs, the last one fastest."""

    def __init__(self, *args):
        self.names = [name for name, _ in args]
        self.scan_objects = [scan for _, scan in args]

        class ScanPoint:
            """One point: an attribute per scan."""

            def __init__(self, **values):
                self.attr = set(values)
                vars(self).update(values)

            def __repr__(self):
                pairs = (f"{k}={getattr(self, k)}" for k in sorted(self.attr))
                return f"<ScanPoint {' '.join(pairs)}>"

        self.scan_point_cls = ScanPoint

    def __iter__(self):
        for values in product(*self.scan_objects):
            yield self.scan_point_cls(**dict(zip(self.names, values, strict=True)))
