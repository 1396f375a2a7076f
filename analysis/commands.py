"""The commands of the analysis side: `ccqed show`."""

from __future__ import annotations

import argparse
import logging
from pathlib import Path

from ccqed_ctrl import checks
from ccqed_ctrl.cli import Command
from ccqed_ctrl.errors import ResultsError

from .figures import recall_figure
from .records import open_record

logger = logging.getLogger(__name__)


def _configure_show(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="RESULT.h5", type=Path)
    parser.add_argument(
        "-o", "--output", metavar="PNG", type=Path, help="default: RESULT.png beside it"
    )
    parser.add_argument(
        "--shot", type=int, default=-1, help="which shot (default: the last)"
    )


def _show(options: argparse.Namespace) -> int:
    with open_record(options.file) as record:
        if record.shots == 0:
            raise ResultsError(f"{options.file.name} holds no complete shot")
        last = record.shots - 1
        wanted = last if options.shot == -1 else options.shot
        shot = checks.integer("shot", wanted, 0, last)
        figure = recall_figure(record, shot)
    output = options.output or options.file.with_suffix(".png")
    try:
        figure.savefig(output, dpi=110)
    except (OSError, ValueError) as error:
        raise ResultsError(f"cannot write {str(output)!r}: {error}") from error
    logger.warning("wrote %s", output)
    return 0


SHOW = Command(
    "show", "draw one shot of a result for the logbook", _configure_show, _show
)
