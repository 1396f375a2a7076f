"""Network drivers in process, with the manners of the network.

A real client offers methods only and sends copies; so does this one, so that an
experiment which leans on shared objects or private names fails here already.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sipyco import pyon

from ccqed_ctrl.errors import DeviceError


class Client:
    """Calls the public methods of `driver` with copies of everything."""

    def __init__(self, name: str, driver: Any) -> None:
        self.__name = name
        self.__driver = driver

    def __getattr__(self, method: str) -> Callable[..., Any]:
        public = not method.startswith("_")
        target = getattr(self.__driver, method, None) if public else None
        if not callable(target):
            raise AttributeError(
                f"controller {self.__name!r} has no method {method!r}; the network "
                "offers public methods, not attributes"
            )

        def call(*args: Any, **kwargs: Any) -> Any:
            sent = self.__copy(f"arguments of {method}", [args, kwargs])
            return self.__copy(f"result of {method}", target(*sent[0], **sent[1]))

        return call

    def close_rpc(self) -> None:
        """Stop the driver, as the end of its process would."""
        close = getattr(self.__driver, "close", None)
        if close is not None:
            close()

    def __copy(self, what: str, value: Any) -> Any:
        try:
            return pyon.decode(pyon.encode(value))
        except (TypeError, ValueError) as error:
            message = f"controller {self.__name!r}: {what} cannot be sent: {error}"
            raise DeviceError(message) from error
