"""The core device's ports, on this computer only unless somebody says otherwise."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Final

from ccqed_ctrl.errors import DeviceError, ParameterError

#: Where hosts find kernels' session, by ARTIQ's convention.
SESSION: Final = 1381


def allowed(address: str, *, anyone: bool) -> str:
    """Return an address to bind, if others may not reach it or may by explicit word.

    ARTIQ's protocol has no password: whoever reaches the port runs programs.

    Raises
    ------
    ParameterError
        It is not this computer's own.
    """
    own = address == "localhost"
    if not own:
        try:
            own = ipaddress.ip_address(address).is_loopback
        except ValueError:
            own = False
    if own or anyone:
        return address
    raise ParameterError(
        f"{address} can be reached from elsewhere, and ARTIQ's protocol has no "
        "password: anyone there could run kernels; bind 127.0.0.1, or add "
        "--allow-anyone"
    )


def listen(
    serve: Callable[[socket.socket], None], address: str, port: int
) -> socket.socket:
    """Hand every connection to `serve`, from a thread; return the listening socket.

    Raises
    ------
    DeviceError
        The address cannot be had.
    """
    try:
        family = socket.getaddrinfo(address, port, type=socket.SOCK_STREAM)[0][0]
        listening = socket.create_server((address, port), family=family)
    except OSError as error:
        raise DeviceError(
            f"cannot listen at {address} port {port}: {error}; is another running?"
        ) from error

    def accept() -> None:
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:  # it has been closed
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            serve(connection)

    threading.Thread(target=accept, daemon=True, name=f"port {port}").start()
    return listening
