"""What every calibration stores beside its shots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..belief import named
from ..errors import FitError
from ..records import Entry, ShotRecord, summary


def found(of: str) -> Any:
    """Declare what a calibration finds of "group.field": value and standard error.

    The name of the line is GROUP_FIELD.
    """
    meaning = named()[of].meaning
    doc = f"{of}, {meaning.doc}: value and standard error"
    return summary("2", "float64", doc, meaning.unit)


class CalibrationRecord(ShotRecord):
    """Shots of which a calibration makes values that are believed.

    Of each value "group.field" that it gives (`ccqed_ctrl.calibration.graph`) a record
    has a line `group_field = found("group.field")`.
    """

    refused = summary("", "str", "why nothing is to be believed; empty if something is")

    def summarise(self) -> Mapping[Entry, Any]:
        """Return curves, and values or why there are none."""
        curves = dict(self.curves())
        try:
            return curves | dict(self.measured()) | {CalibrationRecord.refused: ""}
        except FitError as refusal:
            return curves | {CalibrationRecord.refused: str(refusal)}

    def curves(self) -> Mapping[Entry, Any]:
        """Return what is worth showing, fit or no fit."""
        return {}

    def measured(self) -> Mapping[Entry, Any]:
        """Return (value, standard error) of each line that is `found`, and the like.

        Raises
        ------
        FitError
            The data do not determine them, or contradict what is fitted.
        """
        raise NotImplementedError
