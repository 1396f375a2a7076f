"""The commands of the control side, light: what they do is loaded when they run."""

from __future__ import annotations

import argparse

from .cli import Command


def _configure_completion(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "shell", choices=["bash", "zsh"], help="for which the script is printed"
    )


COMPLETION = Command(
    "completion",
    "print what makes bash or zsh complete ccqed",
    _configure_completion,
    "ccqed_ctrl.completion:show",
)
