"""Any nesting of blocks lasts what the compiler's rule says, and drivers agree."""

from __future__ import annotations

import importlib.util
import textwrap

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim_backend.crate.drivers.core import Core

#: A program is a delay in mu, or a block of programs.
DELAYS = st.integers(-500, 2000)
PROGRAMS = st.recursive(
    DELAYS,
    lambda inner: st.tuples(
        st.sampled_from(["parallel", "sequential", "loop", "branch", "call"]),
        st.lists(inner, min_size=1, max_size=3),
    ),
    max_leaves=12,
)
REPEATS = 2


def end(program, start):
    """Return where the cursor is after a program: the rule in ARTIQ's IR generator."""
    if isinstance(program, int):
        return start + program
    kind, parts = program
    if kind == "parallel":
        return max([start, *(end(part, start) for part in parts)])
    for _ in range(REPEATS if kind == "loop" else 1):
        for part in parts:
            start = end(part, start)
    return start


class Source:
    """Kernel source of a program; nested functions become methods."""

    def __init__(self):
        self.methods = []

    def lines(self, program):
        if isinstance(program, int):
            return [f"delay_mu({program})"]
        kind, parts = program
        body = [line for part in parts for line in self.lines(part)]
        if kind == "call":
            name = f"part{len(self.methods)}"
            self.methods.append((name, body))
            return [f"self.{name}()"]
        head = {
            "parallel": "with parallel:",
            "sequential": "with sequential:",
            "loop": f"for _ in range({REPEATS}):",
            "branch": "if self.core is not None:",
        }[kind]
        return [head, *("    " + line for line in body)]

    def text(self, program):
        self.methods.append(("run", self.lines(program)))
        body = "\n".join(
            f"@kernel\ndef {name}(self):\n" + textwrap.indent("\n".join(lines), "    ")
            for name, lines in self.methods
        )
        return (
            "from artiq.experiment import *\n\n\nclass Probe:\n"
            + textwrap.indent(body, "    ")
            + "\n"
        )


class Nothing:
    """Neither devices nor a plant."""

    def get(self, name):
        return self

    def get_device_db(self):
        return {}

    def sync(self, until_mu):
        """Nothing lives."""

    def stalls(self):
        return {}


@pytest.fixture(scope="module")
def measure(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    count = iter(range(10**6))

    def run(program):
        name = f"program{next(count)}"
        path = folder / f"{name}.py"
        path.write_text(Source().text(program))
        spec = importlib.util.spec_from_file_location(name, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        probe = module.Probe()
        probe.core = Core(Nothing(), "", 1e-9)
        probe.run()
        return probe.core.cursor.now

    return run


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(PROGRAMS)
def test_every_nesting_ends_where_the_rule_says(measure, program):
    assert measure(program) == end(program, 0)


def test_the_rule_itself():
    assert end(("parallel", [5, ("loop", [3, 1]), -7]), 10) == 18
    assert end(("parallel", [-5]), 10) == 10
    assert end(("sequential", [-5, 2]), 10) == 7
