"""Remote procedure calls between PCs, in sipyco's words (`_wire`), over TCP.

A target's public methods can be called; arguments and results are copies, of the types
that PYON has. What arrives is parsed, never evaluated, and its length is bounded.
"""

import asyncio
import inspect
import logging
from contextlib import nullcontext

from sipyco import _wire
from sipyco._clients import AsyncioClient, BestEffortClient, Client  # noqa: F401
from sipyco._wire import AutoTarget, IncompatibleServer  # noqa: F401
from sipyco.packed_exceptions import current_exc_packed
from sipyco.tools import AsyncioServer, SignalHandler

logger = logging.getLogger(__name__)

_TERMINATE = "terminate"
_REQUEST = {"action", "name", "args", "kwargs"}


def _methods(target):
    """Return the public methods of a target, by name."""
    members = inspect.getmembers(target, callable)
    return {name: method for name, method in members if not name.startswith("_")}


def _document(method):
    """Return the arguments of a method, and what it says of itself."""
    arguments = inspect.getfullargspec(method)._asdict()
    arguments["annotations"] = {
        name: getattr(kind, "__name__", str(kind))
        for name, kind in arguments["annotations"].items()
    }
    return arguments, inspect.getdoc(method)


def _ending():
    """Stand for the built-in method that ends a server, in its documentation."""


class Server(AsyncioServer):
    """Offers targets by name to any number of clients.

    A target that can be called is called for each connection, and what it returns is
    that connection's target. Methods may be coroutines; one call is served at a time,
    unless `allow_parallel`. With `builtin_terminate` clients can end `wait_terminate`.
    """

    def __init__(
        self, targets, description=None, builtin_terminate=False, allow_parallel=False
    ):
        super().__init__()
        if any(" " in name for name in targets):
            raise ValueError("names of targets must not contain spaces")
        if not (description is None or isinstance(description, str)):
            raise ValueError("the description must be a text, or None")
        self.targets, self.description = targets, description
        self.builtin_terminate = builtin_terminate
        self._ended = asyncio.Event()
        self._turn = nullcontext() if allow_parallel else asyncio.Lock()

    async def wait_terminate(self):
        """Return when a client has asked the server to end."""
        await self._ended.wait()

    async def _handle_connection_cr(self, reader, writer):
        if await reader.readline() != _wire.BANNER:
            return
        identification = {
            "targets": sorted(self.targets),
            "description": self.description,
            "features": [_wire.FEATURE],
        }
        writer.write(_wire.line(identification, _wire.LONGEST_NAMES))
        name, *features = (await reader.readline()).decode().rstrip("\n").split(" ")
        if name not in self.targets or features != [_wire.FEATURE]:
            logger.warning("refused a client that wants %r of %r", features, name)
            return
        target = self.targets[name]
        target = target() if callable(target) else target
        methods = _methods(target)
        names = {*methods, _TERMINATE} if self.builtin_terminate else {*methods}
        writer.write(_wire.line(names, _wire.LONGEST_NAMES))
        while data := await reader.readline():
            async with self._turn:
                reply = await self._reply(target, methods, data)
            if reply is None:
                return
            writer.write(reply)
            await writer.drain()

    async def _reply(self, target, methods, data):
        """Return the answer to a request; None for none, as the server is to end."""
        try:
            request = _wire.value(data)
            result = await self._do(target, methods, request)
            return _wire.line({"status": "ok", "ret": result}, _wire.LONGEST_REPLY)
        except SystemExit:
            if not self.builtin_terminate:
                raise
            self._ended.set()
            return None
        except Exception:  # whatever a method raises is the client's
            reply = {"status": "failed", "exception": current_exc_packed()}
            return _wire.line(reply, _wire.LONGEST_REPLY)

    async def _do(self, target, methods, request):
        if request == {"action": "get_rpc_method_list"}:
            return self._documentation(target, methods)
        if not isinstance(request, dict) or set(request) != _REQUEST:
            raise ValueError("not a request")
        if request["action"] != "call":
            raise ValueError(f"unknown action: {request['action']!r}")
        name = request["name"]
        logger.debug("%s is called", name)
        if name == _TERMINATE and self.builtin_terminate:
            self._ended.set()
            return None
        if name not in methods:
            raise AttributeError(f"the server has no method {name!r}")
        result = methods[name](*request["args"], **request["kwargs"])
        return await result if inspect.iscoroutine(result) else result

    def _documentation(self, target, methods):
        found = {name: _document(method) for name, method in methods.items()}
        if self.builtin_terminate:
            arguments, _ = _document(_ending)
            arguments["args"] = ["self"]
            found[_TERMINATE] = (arguments, "End the server.")
        return {"docstring": inspect.getdoc(target), "methods": found}


def simple_server_loop(
    targets,
    host,
    port,
    description=None,
    allow_parallel=False,
    ssl_config=None,
    *,
    loop=None,
):
    """Serve until a client, Ctrl-C or SIGTERM ends it; in `loop`, or one of its own."""

    async def serve():
        server = Server(targets, description, True, allow_parallel)
        await server.start(host, port, ssl_config)
        ends = [
            asyncio.ensure_future(wait())
            for wait in (signals.wait_terminate, server.wait_terminate)
        ]
        try:
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for end in ends:
                end.cancel()
            await server.stop()

    signals = SignalHandler()
    signals.setup()
    try:
        if loop is not None:
            loop.run_until_complete(serve())
            return
        with asyncio.Runner() as runner:
            runner.run(serve())
    finally:
        signals.teardown()
