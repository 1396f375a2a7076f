"""Clients: one that blocks, one for asyncio, one that does not mind."""

import asyncio
import logging
import socket
import threading

from sipyco import _wire
from sipyco._wire import AutoTarget

logger = logging.getLogger(__name__)

#: What a broken or foreign connection raises.
_BROKEN = (OSError, EOFError, ValueError, _wire.IncompatibleServer)


class _Connection:
    """A socket that has been introduced to a server."""

    def __init__(self, host, port, timeout, ssl_config):
        self.socket = socket.create_connection((host, port), timeout)
        try:
            if ssl_config is not None:
                context = ssl_config.create_client_context()
                self.socket = context.wrap_socket(self.socket)
            self._lines = self.socket.makefile("rb")
            reply = self.ask(_wire.BANNER, _wire.LONGEST_NAMES)
            self.targets, self.description = _wire.identified(reply)
            self.target, self.methods = None, set()
        except BaseException:
            self.socket.close()
            raise

    def ask(self, line, longest=_wire.LONGEST_REPLY):
        self.socket.sendall(line)
        return self._lines.readline(longest)

    def select(self, target_name):
        self.target = _wire.selected(target_name, self.targets)
        reply = self.ask(_wire.selection(self.target), _wire.LONGEST_NAMES)
        self.methods = _wire.value(reply)

    def close(self):
        self._lines.close()
        self.socket.close()


class Client:
    """Has the methods of a server's target, each of which waits for its result.

    With `target_name=None` none is selected: ask `get_rpc_id`, then
    `select_rpc_target`. `timeout` is that of the socket, in s.
    """

    def __init__(
        self, host, port, target_name=AutoTarget, timeout=None, ssl_config=None
    ):
        self.__connection = _Connection(host, port, timeout, ssl_config)
        if target_name is not None:
            try:
                self.select_rpc_target(target_name)
            except BaseException:
                self.__connection.close()
                raise

    def select_rpc_target(self, target_name):
        """Select a target, once."""
        self.__connection.select(target_name)

    def get_selected_target(self):
        """Return the name of the target, None before one is selected."""
        return self.__connection.target

    def get_rpc_id(self):
        """Return the server's targets, and its description."""
        return (self.__connection.targets, self.__connection.description)

    def get_local_host(self):
        """Return the address of this end."""
        return self.__connection.socket.getsockname()[0]

    def get_rpc_method_list(self):
        """Return the documentation of target and methods."""
        return _wire.result(self.__connection.ask(_wire.method_list()))

    def close_rpc(self):
        """Close the connection."""
        self.__connection.close()

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.__connection.methods:
            raise AttributeError(f"the server has no method {name!r}")

        def call(*args, **kwargs):
            return _wire.result(self.__connection.ask(_wire.call(name, args, kwargs)))

        return call


class AsyncioClient:
    """As `Client`, but methods are coroutines; several tasks may call them."""

    def __init__(self):
        self.__lock = asyncio.Lock()
        self.__reader, self.__writer = None, None
        self.__targets, self.__description = None, None
        self.__target, self.__methods = None, set()

    async def connect_rpc(self, host, port, target_name=AutoTarget, ssl_config=None):
        """Connect to a server."""
        context = None if ssl_config is None else ssl_config.create_client_context()
        self.__reader, self.__writer = await asyncio.open_connection(
            host, port, ssl=context, limit=_wire.LONGEST_REPLY
        )
        try:
            reply = await self.__ask(_wire.BANNER)
            self.__targets, self.__description = _wire.identified(reply)
            if target_name is not None:
                await self.select_rpc_target(target_name)
        except BaseException:
            await self.close_rpc()
            raise

    async def select_rpc_target(self, target_name):
        """Select a target, once."""
        self.__target = _wire.selected(target_name, self.__targets)
        reply = await self.__ask(_wire.selection(self.__target))
        self.__methods = _wire.value(reply)

    def get_selected_target(self):
        """Return the name of the target, None before one is selected."""
        return self.__target

    def get_rpc_id(self):
        """Return the server's targets, and its description."""
        return (self.__targets, self.__description)

    def get_local_host(self):
        """Return the address of this end."""
        return self.__writer.get_extra_info("sockname")[0]

    async def close_rpc(self):
        """Close the connection, if there is one."""
        if self.__writer is not None:
            self.__writer.close()
            await self.__writer.wait_closed()
        self.__reader, self.__writer = None, None
        self.__targets, self.__description = None, None

    async def __ask(self, line):
        self.__writer.write(line)
        await self.__writer.drain()
        return await self.__reader.readline()

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.__methods:
            raise AttributeError(f"the server has no method {name!r}")

        async def call(*args, **kwargs):
            async with self.__lock:
                reply = await self.__ask(_wire.call(name, args, kwargs))
            return _wire.result(reply)

        return call


class BestEffortClient:
    """As `Client`, but a call for which there is no connection returns None.

    A lost connection is made anew in the background, every `retry` s; the first attempt
    waits for `firstcon_timeout` s at most.
    """

    def __init__(
        self,
        host,
        port,
        target_name,
        firstcon_timeout=1.0,
        retry=5.0,
        ssl_config=None,
    ):
        self.__place = (host, port, target_name, ssl_config)
        self.__retry = retry
        self.__closed = threading.Event()
        self.__connection, self.__methods = None, set()
        try:
            self.__connect(firstcon_timeout)
        except _BROKEN as error:
            self.__lost(error)

    def close_rpc(self):
        """Close the connection, or try no more."""
        self.__closed.set()
        connection, self.__connection = self.__connection, None
        if connection is not None:
            connection.close()

    def get_selected_target(self):
        """Refuse, as in sipyco."""
        raise NotImplementedError

    def get_local_host(self):
        """Refuse, as in sipyco."""
        raise NotImplementedError

    def __connect(self, timeout):
        host, port, target_name, ssl_config = self.__place
        connection = _Connection(host, port, timeout, ssl_config)
        try:
            connection.select(target_name)
            connection.socket.settimeout(None)
        except BaseException:
            connection.close()
            raise
        self.__methods, self.__connection = connection.methods, connection
        if self.__closed.is_set():  # while this was being done
            self.close_rpc()

    def __lost(self, error):
        logger.warning("no connection to %s:%d[%s] (%s)", *self.__place[:3], error)
        self.__connection = None
        threading.Thread(target=self.__reconnect, daemon=True).start()

    def __reconnect(self):
        while not self.__closed.wait(self.__retry):
            try:
                self.__connect(self.__retry)
            except _BROKEN as error:
                logger.debug("still no connection: %s", error)
            else:
                logger.warning("connected to %s:%d[%s] again", *self.__place[:3])
                return

    def __getattr__(self, name):
        if name.startswith("_") or name not in self.__methods:
            raise AttributeError(f"the server has no method {name!r}")

        def call(*args, **kwargs):
            line, connection = _wire.call(name, args, kwargs), self.__connection
            if connection is None:
                return None
            try:
                reply = connection.ask(line)
                if not reply.endswith(b"\n"):
                    raise EOFError("the connection was closed")
            except (OSError, EOFError) as error:
                connection.close()
                self.__lost(error)
                return None
            return _wire.result(reply)

        return call
