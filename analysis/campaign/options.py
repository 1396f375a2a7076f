"""The engine that a command's `--workers N` or `--cluster tcp://...` asks for."""

from __future__ import annotations

from ccqed_ctrl.errors import ParameterError

from .cluster import Cluster
from .engines import Engine, Processes, in_process


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
