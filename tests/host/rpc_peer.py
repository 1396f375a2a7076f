"""One end of a conversation; run under the stand-in sipyco or the real one.

``rpc_peer.py serve PORT`` serves; ``rpc_peer.py talk PORT`` prints what each client
gets, one fact a line.
"""

import asyncio
import sys
from fractions import Fraction

import numpy as np
from sipyco import pc_rpc, pyon

VALUES = [
    None, True, -1, 2.5, "µ\n", b"\0\xff", 1j, (1, (), []), {(1,): {2: 3}}, {5},
    slice(None, 2), Fraction(1, 3), np.int8(-1), np.float32(0.1), np.array(["ab", "c"]),
    np.zeros((2, 0)), np.arange(6.0).reshape(2, 3).T,
]  # fmt: skip
#: Elements of the big arrays: 2 MiB are asked, 32 MiB are answered.
ASKED, ANSWERED = 1 << 20, 1 << 24


class OwnError(ValueError):
    """No class of Python's."""


class Target:
    """Answers."""

    gain = 2

    def __init__(self):
        self.stored = None

    def echo(self, *args, **kwargs):
        """Return what came."""
        return [args, kwargs]

    def measure(self, offset: float, n=3, *, slow=False):
        """Return numbers.

        Plain ones.
        """
        return [offset + i for i in range(n)] + [slow]

    def store(self, array):
        self.stored = array

    def recall(self):
        return self.stored

    def big(self, n):
        return np.arange(n, dtype=np.uint16)

    async def later(self, value):
        await asyncio.sleep(0)
        return value

    def fail(self, kind):
        kinds = {"zero": ZeroDivisionError, "own": OwnError, "time": TimeoutError}
        raise kinds[kind]("no luck")

    def thing(self):
        return object()


def plain(value):
    """Return an answer as a text that does not depend on who printed it."""
    if isinstance(value, np.ndarray) and value.size > 100:
        return f"{value.dtype} {value.shape} {int(value.astype(np.int64).sum())}"
    return pyon.encode(value)


def failure(error):
    trace = "".join(error.parent_traceback)
    if "encodable" in str(error):  # each puts it in words of its own
        return type(error).__name__, "encodable"
    return type(error).__name__, str(error), "rpc_peer.py" in trace


CALLS = [
    *(("echo", (value,), {"named": value}) for value in VALUES),
    ("measure", (1.5,), {"slow": True}),
    ("store", (np.ones((3, 2)),), {}),
    ("recall", (), {}),
    ("later", ("done",), {}),
    ("echo", (np.zeros(ASKED, np.uint16),), {}),
    ("big", (ANSWERED,), {}),
    *(("fail", (kind,), {}) for kind in ("zero", "own", "time", "unknown")),
    ("measure", (), {}),
    ("thing", (), {}),
    ("recall", (), {}),
]


def say(*facts):
    sys.stdout.write(" ".join(map(str, facts)) + "\n")


def tell(name, call):
    try:
        answer = call()
    except Exception as error:  # whatever the server raises
        say(name, "raised", *failure(error))
    else:
        plainly = [plain(a) for a in answer[0]] if name == "echo" else plain(answer)
        say(name, plainly)


def talk_blocking(client, port):
    for name, args, kwargs in CALLS:
        tell(name, lambda n=name, a=args, k=kwargs: getattr(client, n)(*a, **k))
    for missing in ("gain", "missing"):
        say(missing, hasattr(client, missing))
    client.close_rpc()


def talk_identified(port):
    client = pc_rpc.Client("127.0.0.1", port, None)
    say(client.get_rpc_id(), client.get_selected_target(), client.get_local_host())
    try:
        client.select_rpc_target("elsewhere")
    except pc_rpc.IncompatibleServer:
        say("no such target")
    client.select_rpc_target("second")
    say(client.get_selected_target())
    listed = client.get_rpc_method_list()
    say(listed["docstring"], sorted(listed["methods"]))
    for name in ("measure", "echo", "fail"):
        say(name, pyon.encode(listed["methods"][name]))
    client.close_rpc()
    try:
        pc_rpc.Client("127.0.0.1", port)
    except ValueError:
        say("which target?")


async def talk_asyncio(port):
    client = pc_rpc.AsyncioClient()
    await client.connect_rpc("127.0.0.1", port, "first")
    say(client.get_rpc_id(), client.get_selected_target(), client.get_local_host())
    say(await asyncio.gather(*(client.later(n) for n in range(5))))
    for name, args, kwargs in CALLS:
        try:
            answer = await getattr(client, name)(*args, **kwargs)
        except Exception as error:  # whatever the server raises
            say(name, "raised", *failure(error))
        else:
            tell(name, lambda answer=answer: answer)
    await client.close_rpc()


def talk(port):
    talk_identified(port)
    talk_blocking(pc_rpc.Client("127.0.0.1", port, "first"), port)
    asyncio.run(talk_asyncio(port))
    talk_blocking(pc_rpc.BestEffortClient("::1", port, "second"), port)
    pc_rpc.Client("::1", port, "first").terminate()


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        # The second is another one for each connection.
        targets = {"first": Target(), "second": lambda: Target()}
        hosts = ["127.0.0.1", "::1"]
        pc_rpc.simple_server_loop(targets, hosts, int(sys.argv[2]), "two targets")
    else:
        talk(int(sys.argv[2]))
