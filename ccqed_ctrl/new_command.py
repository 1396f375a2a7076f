"""What `ccqed new` does: a laboratory in a folder, and experiments in files.

Both are copied from `templates`, which are complete and run as they are.
"""

from __future__ import annotations

import argparse
import datetime
import keyword
import re
import shutil
from pathlib import Path
from typing import Final

from . import belief
from .belief import Apparatus
from .errors import ExperimentError
from .tables import console

_LAB: Final = Path(__file__).with_name("templates") / "lab"
#: What a new experiment is a copy of, and its class.
_EXPERIMENT, _CLASS = _LAB / "repository" / "emission_vs_hold.py", "EmissionVsHold"


def execute(options: argparse.Namespace) -> int:
    """Write the files, and say what to do with them."""
    say = console().print
    if options.kind == "lab":
        lab(options.name)
        say(f"{options.name} is a laboratory; its README.md says what to do with it")
    else:
        path = experiment(str(options.name), Path("repository"))
        say(f"{path} is complete: `ccqed run {path.stem}`, then make it yours")
    return 0


def lab(folder: Path) -> None:
    """Write a laboratory into a new or empty folder.

    Raises
    ------
    ExperimentError
        There is something in the folder, or it cannot be written.
    """
    try:
        if folder.exists() and any(folder.iterdir()):
            raise ExperimentError(f"{folder} is not empty; give a new folder")
        shutil.copytree(
            _LAB, folder, dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("__pycache__"),
        )  # fmt: skip
        today = datetime.date.today().isoformat()
        believed = belief.written(Apparatus(), today, "default")
        (folder / "laboratory.toml").write_text(believed, encoding="utf-8")
    except OSError as error:
        raise ExperimentError(f"{folder} cannot be written: {error}") from error


def experiment(name: str, repository: Path) -> Path:
    """Write an experiment of that name, and return its file.

    Raises
    ------
    ExperimentError
        A name that Python or the template cannot take, no folder for experiments, or a
        file of that name.
    """
    title = name.title().replace("_", "")
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        raise ExperimentError(
            "an experiment's name has small letters, digits and _, such as "
            f"emission_vs_hold; got {name!r}"
        )
    text = _EXPERIMENT.read_text(encoding="utf-8")
    if re.search(rf"\b{title}\b", text.replace(_CLASS, "")):
        raise ExperimentError(
            f"{title} is the name of something else that experiments use; choose a "
            f"longer one than {name!r}"
        )
    path = repository / f"{name}.py"
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text.replace(_CLASS, title))
    except FileExistsError:
        raise ExperimentError(f"{path} exists already") from None
    except FileNotFoundError:
        raise ExperimentError(
            f"there is no folder {repository} here; go to your laboratory, or make "
            "one: ccqed new lab DIR"
        ) from None
    except OSError as error:
        raise ExperimentError(f"{path} cannot be written: {error}") from error
    return path
