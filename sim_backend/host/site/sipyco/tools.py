"""What servers and long-running programs need of asyncio."""

import asyncio
import atexit
import logging
import signal
import socket

logger = logging.getLogger(__name__)

#: Bytes of the longest line that a server reads, as in sipyco.
LONGEST_REQUEST = 4 << 20
#: What a client that is gone leaves behind.
_GONE = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)
#: What ends a program; Windows has no SIGHUP.
_ENDING = [
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)
]


class TaskObject:
    """Something that runs beside the rest, as `_do` says, until it is stopped."""

    def start(self, *, loop=None):
        """Start `_do`; without a running loop, name one."""
        self.task = asyncio.ensure_future(self._watched(), loop=loop)

    async def stop(self):
        """Cancel `_do` and wait for its end."""
        self.task.cancel()
        await asyncio.wait([self.task])
        if not self.task.cancelled():
            self.task.result()
        del self.task

    async def _watched(self):
        try:
            return await self._do()
        except Exception:
            logger.exception("%s failed", type(self).__name__)
            raise

    async def _do(self):
        raise NotImplementedError


class AsyncioServer:
    """A TCP server; each connection runs `_handle_connection_cr`."""

    def __init__(self):
        self._connections = set()

    async def start(self, host, port, ssl_config=None):
        """Listen at an address, at each of several, or with None at all."""
        context = None if ssl_config is None else ssl_config.create_server_context()
        self.server = await asyncio.start_server(
            self._connected, host, port, ssl=context, limit=LONGEST_REQUEST
        )

    async def stop(self):
        """End all connections, and listen no more."""
        self.server.close()
        for task in self._connections:
            task.cancel()
        if self._connections:
            await asyncio.wait(list(self._connections))
        await self.server.wait_closed()
        del self.server

    async def _connected(self, reader, writer):
        raw = writer.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        task = asyncio.current_task()
        self._connections.add(task)
        try:
            await self._handle_connection_cr(reader, writer)
        except asyncio.CancelledError:
            pass  # by `stop`, and asyncio would call it an error
        except _GONE:
            logger.debug("a client is gone")
        except Exception:
            logger.exception("a connection ended with an error")
        finally:
            self._connections.discard(task)
            writer.close()

    async def _handle_connection_cr(self, reader, writer):
        raise NotImplementedError


class SignalHandler:
    """Waits for Ctrl-C, SIGTERM or SIGHUP."""

    def setup(self):
        """Catch them from here on."""
        self._caught, self._wake = None, None
        self._former = {
            number: signal.signal(number, self._catch) for number in _ENDING
        }

    def teardown(self):
        """Let them do what they did before."""
        for number, handler in self._former.items():
            signal.signal(number, handler)

    async def wait_terminate(self):
        """Return when one has come, be it before this call."""
        event, loop = asyncio.Event(), asyncio.get_running_loop()
        self._wake = lambda: loop.call_soon_threadsafe(event.set)
        if self._caught is None:
            await event.wait()
        logger.info("%s: ending", signal.Signals(self._caught).name)

    def _catch(self, number, _frame):
        self._caught = number
        if self._wake is not None:
            self._wake()


def atexit_register_coroutine(coroutine, *, loop=None):
    """Run a coroutine function at the program's end; outside of a loop, name one."""
    ending = asyncio.get_running_loop() if loop is None else loop
    atexit.register(lambda: ending.run_until_complete(coroutine()))
