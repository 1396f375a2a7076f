"""What is said between clients and servers, line by line, without a socket.

    client  ARTIQ pc_rpc
    server  {"targets": [...], "description": ..., "features": ["pyon_v2"]}
    client  TARGET pyon_v2
    server  the set of its methods
    client  {"action": "call", "name": ..., "args": ..., "kwargs": ...}
    server  {"status": "ok", "ret": ...} or {"status": "failed", "exception": ...}

Every line after the first is PYON; the target's name is plain. sipyco also speaks PYON
version 1 to peers before 1.10; this does not.
"""

from sipyco import pyon
from sipyco.packed_exceptions import raise_packed_exc
from sipyco.tools import LONGEST_REQUEST

BANNER = b"ARTIQ pc_rpc\n"
FEATURE = "pyon_v2"
#: Bytes of the longest line that a client reads, as sipyco's client for asyncio.
LONGEST_REPLY = 100 << 20
#: Bytes of the first lines: names only.
LONGEST_NAMES = 1 << 16


class AutoTarget:
    """The target of a server that has one only."""


class IncompatibleServer(Exception):
    """The server speaks another protocol, or offers another target."""


def line(value, longest):
    """Return a value as a line of at most so many bytes."""
    data = (pyon.encode(value) + "\n").encode()
    if len(data) > longest:
        size, most = (f"{count / (1 << 20):.4g} MiB" for count in (len(data), longest))
        raise ValueError(
            f"a message of {size} is too long: send at most {most} at once"
        )
    return data


def value(data):
    """Return the value of a received line."""
    if not data:
        raise EOFError("the connection was closed")
    if not data.endswith(b"\n"):
        raise ValueError(
            "the connection was closed within a message, or it is too long"
        )
    return pyon.decode(data.decode())


def identified(data):
    """Return targets and description of a server."""
    said = value(data)
    if FEATURE not in said.get("features", []):
        raise IncompatibleServer("the server does not speak PYON version 2")
    return said["targets"], said["description"]


def selected(target_name, targets):
    """Return the name of the target that is asked for."""
    if target_name is AutoTarget:
        if len(targets) > 1:
            raise ValueError(
                f"which target? the server has {' '.join(sorted(targets))}"
            )
        return targets[0]
    if target_name not in targets:
        known = " ".join(sorted(targets))
        raise IncompatibleServer(f"no target {target_name!r}; there are: {known}")
    return target_name


def selection(target_name):
    """Return the line that selects a target."""
    return f"{target_name} {FEATURE}\n".encode()


def call(name, args, kwargs):
    """Return the line that calls a method."""
    request = {"action": "call", "name": name, "args": args, "kwargs": kwargs}
    return line(request, LONGEST_REQUEST)


def method_list():
    """Return the line that asks for the documentation of methods."""
    return line({"action": "get_rpc_method_list"}, LONGEST_REQUEST)


def result(data):
    """Return what a call returned, or raise what it raised."""
    reply = value(data)
    if reply["status"] == "ok":
        return reply["ret"]
    if reply["status"] == "failed":
        raise_packed_exc(reply["exception"])
    raise ValueError(f"the server answers with status {reply['status']!r}")
