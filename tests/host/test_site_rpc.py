"""Remote procedure calls: the stand-in sipyco's, the real one's, and across."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from sipyco import pc_rpc
from sipyco.packed_exceptions import GenericRemoteException

from sim_backend.host import SITE, is_embedded
from tests.sockets import ROOT, free_port, serving

PEER = Path(__file__).with_name("rpc_peer.py")
#: What comes first on the path of a process that is to use the stand-in.
OURS, REAL = {"PYTHONPATH": os.pathsep.join(map(str, (SITE, ROOT)))}, {}
ours_only = pytest.mark.skipif(
    not is_embedded("sipyco"), reason="sipyco itself does otherwise"
)
both = pytest.mark.skipif(is_embedded("sipyco"), reason="no real sipyco is installed")


def conversation(server, client):
    """Return what a client of one kind prints of a server of another, and its end."""
    port = free_port()
    with serving(PEER, "serve", str(port), port=port, **server) as process:
        told = subprocess.run(
            [sys.executable, str(PEER), "talk", str(port)],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | client,
            capture_output=True,
            text=True,
            timeout=120,
        )
        assert told.returncode == 0, told.stderr
        # The client's last word was to end the server.
        return told.stdout.splitlines(), process.wait(timeout=30)


def test_a_conversation():
    lines, code = conversation(OURS, OURS)
    assert code == 0
    assert lines[0] == "(['first', 'second'], 'two targets') None 127.0.0.1"
    assert lines[1:3] == ["no such target", "second"]
    assert "'recall', 'store', 'terminate', 'thing'" in lines[3]
    assert lines[3].startswith("Answers.")
    assert "Return numbers.\\n\\nPlain ones." in lines[4]
    assert '"annotations":{"offset":"float"}' in lines[4]
    assert "which target?" in lines
    for known in (
        "measure [1.5,2.5,3.5,true]",
        'later "done"',
        f"big uint16 ({1 << 24},) {256 * (65535 * 65536 // 2)}",
        "fail raised ZeroDivisionError no luck True",
        "fail raised TimeoutError no luck True",
        "fail raised KeyError \"'unknown'\" True",
        "gain False",
    ):
        assert known in lines, known
    (own,) = {line for line in lines if "OwnError" in line}
    assert own.startswith("fail raised GenericRemoteException ")
    assert own.endswith("OwnError: no luck True")
    # Three clients; what the second stored is what it finds, and nobody else.
    assert sum("[3,2]" in line for line in lines if line.startswith("recall")) == 6
    assert lines.count("recall null") == 0


@pytest.mark.artiq
@both
def test_each_sides_clients_talk_to_the_others_server():
    expected = conversation(REAL, REAL)
    assert len(expected[0]) > 80
    for server, client in ((OURS, REAL), (REAL, OURS), (OURS, OURS)):
        assert conversation(server, client) == expected


@pytest.mark.artiq
@both
def test_sipycos_own_tool_lists_what_our_server_offers():
    port, tool = free_port(), [sys.executable, "-m", "sipyco.sipyco_rpctool", "::1"]
    with serving(PEER, "serve", str(port), port=port, **OURS):
        for words, expected in (
            (["list-targets"], "second"),
            (
                ["list-methods", "-t", "first"],
                "measure(self, offset: 'float', n=3, *, slow=False)",
            ),
            (["call", "-t", "first", "measure", "1"], "[1, 2, 3, False]"),
        ):
            done = subprocess.run(
                [*tool, str(port), *words], capture_output=True, text=True, timeout=60
            )
            assert expected in done.stdout, done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_server_ends_cleanly(number):
    port = free_port()
    with serving(PEER, "serve", str(port), port=port, **OURS) as process:
        client = pc_rpc.Client("::1", port, "first")
        process.send_signal(number)
        assert process.wait(timeout=30) == 0
        assert "Traceback" not in process.stderr.read()
        with pytest.raises((EOFError, ConnectionError)):
            client.recall()
        client.close_rpc()


# In this process ------------------------------------------------------------------


class Counter:
    """Counts, and is not to be touched."""

    def __init__(self):
        self.calls, self.busy, self.most = 0, 0, 0

    def add(self, n):
        self.calls += n
        return self.calls

    async def linger(self):
        self.busy += 1
        self.most = max(self.most, self.busy)
        await asyncio.sleep(0.05)
        self.busy -= 1
        return self.most

    def array(self, n):
        return np.zeros(n, np.uint8)

    def leave(self):
        raise SystemExit

    def _secret(self):
        return 1


class Running:
    """A server in a thread."""

    def __init__(self, port=0, **options):
        self.counter, self._loop = Counter(), asyncio.new_event_loop()
        self.server = pc_rpc.Server({"counter": self.counter}, **options)
        start = self.server.start("127.0.0.1", port)
        self._loop.run_until_complete(start)
        self.port = self.server.server.sockets[0].getsockname()[1]
        self._thread = threading.Thread(target=self._loop.run_forever)
        self._thread.start()

    def close(self):
        asyncio.run_coroutine_threadsafe(self.server.stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@pytest.fixture
def running():
    server = Running(builtin_terminate=True)
    yield server
    server.close()


@pytest.fixture
def client(running):
    made = pc_rpc.Client("127.0.0.1", running.port)
    yield made
    made.close_rpc()


def raw(port, *lines):
    """Return what a server answers to lines, after its banner."""
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        connection.sendall(b"".join(lines))
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read().splitlines()


HELLO = (b"ARTIQ pc_rpc\n", b"counter pyon_v2\n")


def test_only_target_is_found_by_itself(client):
    assert client.get_selected_target() == "counter"
    assert client.add(2) == 2
    assert client.add(n=3) == 5


@ours_only
@pytest.mark.parametrize("name", ["_secret", "__init__", "__class__", "calls", "x"])
def test_public_methods_only(running, client, name):
    if not name.startswith("__"):  # the client has those of its own
        with pytest.raises(AttributeError, match=name):
            getattr(client, name)
    request = {"action": "call", "name": name, "args": [], "kwargs": {}}
    answer = raw(running.port, *HELLO, json.dumps(request).encode() + b"\n")[-1]
    assert json.loads(answer)["exception"]["class"] == "AttributeError"


@ours_only
@pytest.mark.parametrize(
    "line",
    [
        b"nonsense\n", b"[]\n", b"{}\n", b'{"action": "call"}\n', b"1\n", b"\xff\n",
        b'{"action": "exec", "name": "x", "args": [], "kwargs": {}}\n',
        b'{"__jsonclass__": ["nparray", [[1], "O", "AAAAAAAAAAA="]]}\n',
        b"[" * 100_000 + b"\n",
    ],
)  # fmt: skip
def test_what_is_no_request_is_refused_and_the_server_lives(running, client, line):
    answers = raw(running.port, *HELLO, line)
    assert json.loads(answers[-1])["status"] == "failed"
    assert client.add(1) == 1


@pytest.mark.parametrize(
    ("lines", "answers"),
    [
        ([b"GET / HTTP/1.1\n"], 0),
        ([HELLO[0]], 1),
        ([HELLO[0], b"elsewhere pyon_v2\n"], 1),
        (HELLO, 2),
    ],
)
def test_foreign_clients_get_no_target(running, client, lines, answers):
    assert len(raw(running.port, *lines)) == answers
    assert client.add(1) == 1


@ours_only
def test_a_client_without_version_2_gets_no_target(running):
    assert len(raw(running.port, HELLO[0], b"counter\n")) == 1


def test_a_request_that_is_too_long_ends_its_connection(running, client):
    long = b'"' + b"a" * (5 << 20) + b'"\n'
    with suppress(ConnectionError):  # the server does not read to the end
        assert len(raw(running.port, *HELLO, long)) <= 2
    assert client.add(1) == 1


@ours_only
def test_messages_that_are_too_long_are_refused_by_size(client):
    with pytest.raises(
        ValueError, match="of 5.333 MiB is too long: send at most 4 MiB"
    ):
        client.add(np.zeros(1 << 22, np.uint8))
    with pytest.raises(ValueError, match="send at most 100 MiB at once"):
        client.array(80 << 20)
    assert client.array(1 << 20).shape == (1 << 20,)


@ours_only
def test_a_method_that_leaves_ends_the_server(running, client):
    with pytest.raises(EOFError):
        client.leave()
    ended = asyncio.run_coroutine_threadsafe(
        running.server.wait_terminate(), running._loop
    )
    assert ended.result(5) is None


@pytest.mark.parametrize(("parallel", "most"), [(False, 1), (True, 3)])
def test_calls_take_turns_or_not(parallel, most):
    running = Running(allow_parallel=parallel)

    async def linger():
        clients = [pc_rpc.AsyncioClient() for _ in range(3)]
        for client in clients:
            await client.connect_rpc("127.0.0.1", running.port)
        await asyncio.gather(*(client.linger() for client in clients))
        for client in clients:
            await client.close_rpc()

    asyncio.run(linger())
    assert running.counter.most == most
    running.close()


@ours_only
def test_best_effort(caplog):
    port = free_port()
    client = pc_rpc.BestEffortClient("127.0.0.1", port, "counter", retry=0.05)
    with pytest.raises(AttributeError):
        client.add(1)
    running = Running(port)
    assert _soon(lambda: hasattr(client, "add"))
    assert client.add(2) == 2
    running.close()
    assert _soon(lambda: client.add(1) is None)
    running = Running(port)
    assert _soon(lambda: client.add(1) is not None)
    with pytest.raises(TypeError):
        client.add()
    client.close_rpc()
    running.close()
    assert "127.0.0.1" in caplog.text


def _soon(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return False


@ours_only
@pytest.mark.parametrize(
    ("said", "error", "message"),
    [
        (b"", EOFError, "was closed"),
        (b"ssh\n", ValueError, "Expecting value"),
        (
            b'{"targets": ["a"], "description": null}\n',
            pc_rpc.IncompatibleServer,
            "ver",
        ),
        (b"x" * (1 << 17), ValueError, "too long"),
    ],
)
def test_foreign_servers(said, error, message):
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer():
            connection, _ = listener.accept()
            connection.recv(64)
            connection.sendall(said)
            connection.close()

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(error, match=message):
            pc_rpc.Client("127.0.0.1", listener.getsockname()[1], timeout=10)
        thread.join()


def test_names_of_targets_and_descriptions_are_checked():
    async def make(targets, description):
        pc_rpc.Server(targets, description)

    for targets, description in (({"a b": 1}, None), ({"a": 1}, 5)):
        with pytest.raises(ValueError):
            asyncio.run(make(targets, description))


def test_exceptions_of_others_cannot_be_made_here():
    from sipyco.packed_exceptions import raise_packed_exc

    pack = {"class": "GenericRemoteException", "message": "x.Y: z", "traceback": ["t"]}
    with pytest.raises(GenericRemoteException, match="^x.Y: z$") as caught:
        raise_packed_exc(pack)
    assert caught.value.parent_traceback == ["t"]


@ours_only
@pytest.mark.parametrize("kind", ["SystemExit", "KeyboardInterrupt", "eval", "Nothing"])
def test_only_errors_are_raised_here(kind):
    from sipyco.packed_exceptions import raise_packed_exc

    with pytest.raises(GenericRemoteException, match="no luck"):
        raise_packed_exc({"class": kind, "message": "no luck", "traceback": []})
    with pytest.raises(GenericRemoteException, match="UnicodeDecodeError: no luck"):
        raise_packed_exc(
            {"class": "UnicodeDecodeError", "message": "no luck", "traceback": []}
        )
