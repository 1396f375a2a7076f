"""Fixed-width integers, as registers and the core device's CPU hold them."""

from __future__ import annotations


def signed32(value: int) -> int:
    """Return the low 32 bits of `value` as a signed integer."""
    return ((int(value) + 0x80000000) & 0xFFFFFFFF) - 0x80000000


def bits(value: int, offset: int, width: int) -> int:
    """Return `width` bits of `value` from bit `offset` up."""
    return (value >> offset) & ((1 << width) - 1)
