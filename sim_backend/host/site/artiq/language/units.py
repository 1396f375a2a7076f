"""Multiples of SI units, as plain floats."""

__all__ = []

_EXPONENTS = {
    "p": -12, "n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9,
}  # fmt: skip
_UNITS = {
    "s": ("p", "n", "u", "m", ""),
    "Hz": ("m", "", "k", "M", "G"),
    "dB": ("",),
    "V": ("u", "m", "", "k"),
    "A": ("u", "m", ""),
    "W": ("n", "u", "m", ""),
}

for _unit, _prefixes in _UNITS.items():
    for _prefix in _prefixes:
        # The power, not the product of powers: 1e-6 must be the literal's double.
        globals()[_prefix + _unit] = 10.0 ** _EXPONENTS[_prefix]
        __all__.append(_prefix + _unit)
