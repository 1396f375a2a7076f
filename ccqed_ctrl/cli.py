"""The `ccqed` command: `ccqed NAME ...` runs the command that registered as NAME.

Commands register through the entry-point group `ccqed.commands`, so that the control
side never imports the simulator.
"""

from __future__ import annotations

import argparse
import difflib
import importlib.metadata
import io
import logging
import os
import pkgutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TextIO

from .ending import Ending
from .errors import (
    CcqedError,
    ExperimentError,
    ParameterError,
    ResultsError,
    SchemaError,
)

logger = logging.getLogger(__name__)

GROUP = "ccqed.commands"

#: Exit codes of every command are those of a run.
RUN_FAILED = Ending.failed.exit_code
BAD_INPUT = Ending.bad_input.exit_code
INTERRUPTED = Ending.interrupted.exit_code


@dataclass(frozen=True)
class Command:
    """One subcommand; cheap to load, as all of them are for ``ccqed --help``.

    `execute` takes the parsed options and returns the exit code; written as a reference
    ``module:name`` it is loaded when the command is run.
    """

    name: str
    summary: str
    configure: Callable[[argparse.ArgumentParser], None]
    execute: Callable[[argparse.Namespace], int] | str

    def fill(self, parser: argparse.ArgumentParser) -> None:
        """Add what the command takes, -v and -q among it."""
        self.configure(parser)
        group = parser.add_argument_group("verbosity")
        for flags, word in ((("-v", "--verbose"), "more"), (("-q", "--quiet"), "less")):
            group.add_argument(
                *flags, action="count", default=0, help=f"say {word}; can be repeated"
            )

    def run(self, options: argparse.Namespace) -> int:
        """Do what the command does, and return its exit code."""
        execute = self.execute
        if isinstance(execute, str):
            execute = pkgutil.resolve_name(execute)
        return execute(options)


def main(args: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: those of `ending.Ending`."""
    outlive_readers()
    given = list(sys.argv[1:] if args is None else args)
    if given[:1] == ["--version"]:
        _say(f"ccqed {importlib.metadata.version('ccqed-ctrl')}", sys.stdout)
        return 0
    if given[:1] == ["help"]:
        given = [*given[1:], "--help"]
    if not given or given[0] in ("-h", "--help"):
        _say(_overview(), sys.stdout)
        return 0 if given else BAD_INPUT
    try:
        command = _load(given[0])
        return _execute(command, given[1:])
    except CcqedError as error:
        _say(f"ccqed: {error}")
        return exit_code(error)
    except KeyboardInterrupt:
        _say("ccqed: interrupted")
        return INTERRUPTED


class _Patient(io.TextIOWrapper):
    """What is written after nobody reads any more goes nowhere, and is no error."""

    def write(self, text: str) -> int:
        """Write, or seem to."""
        self._attempt(lambda: super(_Patient, self).write(text))
        return len(text)

    def flush(self) -> None:
        """Flush, or seem to."""
        self._attempt(super().flush)

    def _attempt(self, change: Callable[[], object]) -> None:
        try:
            change()
        except OSError:  # a pipe, or a terminal that has been closed
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            change()


def outlive_readers() -> None:
    """Let output go on when a pipe or terminal is closed, `| head` as well as a run."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if type(stream) is io.TextIOWrapper:  # no test's, and not done yet
            encoding, errors = stream.encoding, stream.errors
            buffered = stream.line_buffering
            patient = _Patient(
                stream.detach(), encoding, errors, line_buffering=buffered
            )
            setattr(sys, name, patient)
            setattr(sys, f"__{name}__", patient)


def exit_code(error: CcqedError) -> int:
    """Return 2 for an error in what was asked for, 1 for one in doing it."""
    asked = (ExperimentError, ParameterError, ResultsError, SchemaError)
    return BAD_INPUT if isinstance(error, asked) else RUN_FAILED


def parser_of(command: Command) -> argparse.ArgumentParser:
    """Return the argument parser of a command."""
    parser = argparse.ArgumentParser(
        prog=f"ccqed {command.name}", description=command.summary
    )
    command.fill(parser)
    return parser


def commands() -> list[Command]:
    """Return all commands that can be loaded, by name."""
    found = []
    for name in sorted(_entry_points()):
        try:
            found.append(_load(name))
        except CcqedError as error:
            logger.warning("%s", error)
    return found


def _execute(command: Command, args: Sequence[str]) -> int:
    # Intermixed, so that NAME=VALUE may stand before, between and after options.
    options, unknown = parser_of(command).parse_known_intermixed_args(args)
    if unknown:
        named = unknown[0].lstrip("-")
        hint = (
            f"; an argument of the experiment is written {named}"
            if "=" in named
            else ""
        )
        raise ExperimentError(f"ccqed {command.name} has no option {unknown[0]}{hint}")
    level = logging.WARNING + 10 * (options.quiet - options.verbose)
    logging.basicConfig(level=level, format="%(levelname)s: %(name)s: %(message)s")
    return command.run(options)


def _entry_points() -> dict[str, importlib.metadata.EntryPoint]:
    found = importlib.metadata.entry_points(group=GROUP)
    return {entry_point.name: entry_point for entry_point in found}


def _load(name: str) -> Command:
    entry_points = _entry_points()
    if name not in entry_points:
        near = difflib.get_close_matches(name, entry_points, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        known = ", ".join(sorted(entry_points)) or "none: is ccqed-ctrl installed?"
        raise ExperimentError(f"no command {name!r}{hint} (commands: {known})")
    try:
        return entry_points[name].load()
    except (ImportError, AttributeError) as error:
        message = f"command {name!r} is broken: {error} ({entry_points[name].value})"
        raise CcqedError(message) from error


def _overview() -> str:
    lines = ["usage: ccqed COMMAND ...", "", "commands:"]
    for name in sorted(_entry_points()):
        try:
            summary = _load(name).summary
        except CcqedError as error:
            summary = f"({error})"
        lines.append(f"  {name:<12}{summary}")
    lines += ["", "ccqed COMMAND --help says more; ccqed --version, which one this is."]
    return "\n".join(lines)


def _say(text: str, stream: TextIO | None = None) -> None:
    print(text, file=stream or sys.stderr)  # noqa: T201


if __name__ == "__main__":
    sys.exit(main())
