"""ARTIQ's types that are written as calls, under names a type checker understands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from artiq.language.types import TFloat, TInt32, TInt64, TList, TTuple

if TYPE_CHECKING:
    from numpy import int64

    Words = list[int]
    Numbers = list[float]
    TwoWords = tuple[int, int]
    ThreeWords = tuple[int, int, int]
    ThreeNumbers = tuple[float, float, float]
    TimedWord = tuple[int64, int]
else:
    Words = TList(TInt32)
    Numbers = TList(TFloat)
    TwoWords = TTuple([TInt32, TInt32])
    ThreeWords = TTuple([TInt32, TInt32, TInt32])
    ThreeNumbers = TTuple([TFloat, TFloat, TFloat])
    TimedWord = TTuple([TInt64, TInt32])
