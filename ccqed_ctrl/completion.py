"""Completion of `ccqed` in a shell: a script, made once from the commands' parsers.

    ccqed completion bash > ~/.local/share/bash-completion/completions/ccqed
    ccqed completion zsh > DIR/_ccqed        # DIR: a folder of zsh's fpath

A new command or option needs the script anew; nothing is run while one types.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import shtab

from .cli import Command, commands


def show(options: argparse.Namespace) -> int:
    """Print the script of a shell."""
    sys.stdout.write(script(options.shell, commands()) + "\n")
    return 0


def script(shell: str, known: Iterable[Command]) -> str:
    """Return the script that completes these commands, their options and files."""
    parser = _Parser(prog="ccqed")
    parser.add_argument("--version", action="store_true", help="which one this is")
    subparsers = parser.add_subparsers()
    for command in known:
        command.fill(subparsers.add_parser(command.name, help=command.summary))
    return shtab.complete(parser, shell)


class _Parser(argparse.ArgumentParser):
    """Marks what is a path, so that files are completed there."""

    def add_argument(self, *names: Any, **given: Any) -> argparse.Action:
        """Add an argument; of type Path it is one to a file."""
        action = super().add_argument(*names, **given)
        if given.get("type") is Path:
            action.complete = shtab.FILE  # type: ignore[attr-defined]
        return action
