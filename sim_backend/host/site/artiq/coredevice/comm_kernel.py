"""Errors of kernels that the host finds."""

from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)


class RPCReturnValueError(ValueError):
    """A remote procedure call returned another type than it is annotated with."""
