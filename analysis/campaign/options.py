"""The engine as options of a command: `--workers N`, `--cluster tcp://...`."""

from __future__ import annotations

import argparse

from ccqed_ctrl.errors import ParameterError

from .cluster import Cluster
from .engines import Engine, Processes, in_process


def configure_engine(parser: argparse.ArgumentParser) -> None:
    """Add `--workers` and `--cluster` to a command."""
    group = parser.add_argument_group("where to compute (default: in this process)")
    group.add_argument(
        "--workers", type=int, metavar="N", help="processes of this machine; 0: all"
    )
    group.add_argument(
        "--cluster", metavar="tcp://HOST:PORT|N",
        help="a Dask scheduler, or how many Dask workers to start here",
    )  # fmt: skip


def engine_of(workers: int | None, cluster: str | None) -> Engine:
    """Return the engine that the options ask for.

    Raises
    ------
    ParameterError
        Both given, a negative number, or an address that is none.
    """
    if cluster is None:
        if workers is None:
            return in_process
        if workers < 0:
            raise ParameterError(f"workers must be at least 0; got {workers}")
        return Processes(workers or None)
    if workers is not None:
        raise ParameterError("--workers and --cluster exclude each other")
    if cluster.isdecimal() and int(cluster) > 0:
        return Cluster(workers=int(cluster))
    if "://" not in cluster:
        raise ParameterError(
            f"a cluster is an address as tcp://10.0.0.1:8786, or a number of workers; "
            f"got {cluster!r}"
        )
    return Cluster(cluster)
