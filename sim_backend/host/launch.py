"""What `ccqed run` and `ccqed list` do."""

from __future__ import annotations

import argparse

from . import arguments, listing, process


def run(options: argparse.Namespace) -> int:
    """Run an experiment in a process of its own."""
    request = {
        "file": options.file,
        "class_name": options.class_name,
        "arguments": arguments.parse(options.arguments),
        "device_db": options.device_db,
        "dataset_db": options.dataset_db,
        "results": options.results,
        "seed": options.seed,
        "twin": options.twin,
        "interactive": arguments.parse_interactive(options.interactive),
    }
    return process.run(request)


def list_experiments(options: argparse.Namespace) -> int:
    """List the experiments of a folder."""
    return listing.show(options.folder, options.dataset_db)
