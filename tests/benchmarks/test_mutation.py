"""Mutants: each thing made wrong once, and none survives without a reason."""

from __future__ import annotations

import subprocess
import sys
import textwrap

import pytest

from benchmarks import mutation

SOURCE = textwrap.dedent(
    """
    def off(self, *, slowly=False):
        \"\"\"Switch off.\"\"\"
        self.switch.off()
        if self.volts <= 2.5 and not slowly:
            raise ValueError("no")
        return -self.volts
    """
)
ROW = {"line": 4, "before": "a()", "after": "pass", "fate": "survived"}


def test_every_sign_number_and_statement_is_made_wrong():
    pytest.importorskip("cosmic_ray")
    from benchmarks.mutants import mutants

    found = {(each.line, each.after) for each in mutants(SOURCE)}
    assert found >= {
        (2, "def off(self, *, slowly=True):"),
        (4, "pass"),
        (5, "if self.volts < 2.5 and not slowly:"),
        (5, "if self.volts <= 2.5 or not slowly:"),
        (5, "if self.volts <= 3.5 and not slowly:"),
        (6, "pass"),
        (7, "return +self.volts"),
    }
    lines = len(SOURCE.splitlines())
    for each in mutants(SOURCE):
        assert each.source != SOURCE
        assert len(each.source.splitlines()) == lines
        compile(each.source, "mutant", "exec")


def test_the_operator_does_as_its_examples_say():
    pytest.importorskip("cosmic_ray")
    from cosmic_ray.mutating import mutate_code

    from benchmarks.mutants import RemoveStatement

    for each in RemoveStatement.examples():
        changed = mutate_code(each.pre_mutation_code, RemoveStatement(), 0)
        assert changed == each.post_mutation_code


@pytest.mark.parametrize(
    ("entry", "explained"),
    [
        ({"before": "a()"}, True),
        ({"before": "a()", "after": "pass"}, True),
        ({"before": "a()", "after": "b()"}, False),
        ({"before": "b()"}, False),
        ({"file": "b.py", "before": "a()"}, False),
    ],
)
def test_a_survivor_needs_a_reason(entry, explained):
    accepted = [{"file": "a.py", "reason": "it is slack", **entry}]
    rows = {"a.py": [ROW, ROW | {"fate": "killed"}]}
    text, found = mutation.page(rows, {"a.py": 9}, accepted, 0)
    assert found == explained
    assert "| a.py | 9 | 2 | 1 | 1 |" in text
    assert ("it is slack" if explained else "NONE") in text


def test_a_sample_has_a_share_of_each_file_and_is_part_of_a_larger_one():
    counts = {"a.py": 100, "b.py": 50, "c.py": 1}
    small, large = (mutation.choice(counts, size, 7) for size in (15, 60))
    assert [len(small[file]) for file in counts] == [10, 5, 1]
    for file, count in counts.items():
        assert set(small[file]) <= set(large[file]) <= set(range(count))
    assert small != mutation.choice(counts, 15, 8)
    every = {file: list(range(count)) for file, count in counts.items()}
    assert mutation.choice(counts, None, 7) == every
    assert mutation.choice(counts, 1000, 7) == every


def test_a_mutant_lives_in_a_tree_of_its_own(tmp_path):
    """The tests of a tree run on that tree's file, and the file is itself again."""
    (tmp_path / "dim.py").write_text("LIMIT = 1\n")
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_dim.py").write_text(
        "import time\n\nimport dim\n\n\n"
        "def test_slowly():\n    time.sleep(0.3)\n\n\n"
        "def test_limit():\n    assert dim.LIMIT == 1\n"
    )
    script = f"""
if __name__ == "__main__":
    from pathlib import Path
    from benchmarks import mutation
    mutation.FILES["dim.py"] = ("tests/test_dim.py",)
    tree = Path({str(tmp_path)!r})
    known = mutation.suite(tree, "dim.py")
    print(*known.tests)
    for made in ("LIMIT = 2", "LIMIT = 2 / 2", "LIMIT = ("):
        print(mutation.fate(tree, "dim.py", made, known))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=mutation.ROOT, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == [
        "tests/test_dim.py::test_limit", "tests/test_dim.py::test_slowly",
        "killed", "survived", "killed",
    ]  # fmt: skip
    assert (tmp_path / "dim.py").read_text() == "LIMIT = 1\n"
