"""`ccqed check`: one table, one exit code."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim_backend.gates import compiler
from sim_backend.host import is_embedded

ROOT = Path(__file__).parents[2]
MAIN = """
import sys
from ccqed_ctrl import cli
from sim_backend.gates.command import CHECK
cli._load = {"check": CHECK}.__getitem__
if __name__ == "__main__":
    sys.exit(cli.main(["check", *sys.argv[1:]]))
"""
HEAD = """
from artiq.experiment import *


class Probe(EnvExperiment):
    def build(self):
        self.setattr_device("core")
        self.setattr_device("ttl_camera")
"""


NO_COMPILER = pytest.mark.skipif(is_embedded("artiq"), reason="no ARTIQ's compiler")


@pytest.fixture
def check(tmp_path):
    def run(text, *arguments):
        if text is not None:
            (tmp_path / "probe.py").write_text(text)
            arguments = ("probe.py", *arguments)
        (tmp_path / "main.py").write_text(MAIN)
        done = subprocess.run(
            [sys.executable, "main.py", *map(str, arguments)],
            cwd=tmp_path,
            env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            capture_output=True, text=True, timeout=400, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout, done.stderr

    return run


def with_lab(*arguments):
    return ("--device-db", ROOT / "device_db.py", *arguments)


GOOD = (
    HEAD
    + """
    @kernel
    def run(self):
        self.core.reset()
        self.ttl_camera.pulse(1 * us)
"""
)


def test_a_good_experiment_passes(check):
    code, output, errors = check(GOOD, *with_lab())
    assert (code, errors) == (0, "")
    assert output.count("passed") == (3 if is_embedded("artiq") else 4)
    assert "minimum slack" in output
    assert "probe.py:13" in output


def test_a_check_leaves_the_plant_of_runs_alone(check, monkeypatch):
    monkeypatch.setenv("CCQED_TWIN", "[::1]:1")  # a run would be refused there
    assert check(GOOD, *with_lab())[0] == 0


def test_each_gate_says_its_own(check):
    text = (
        HEAD
        + """
        self.n = 3

    @kernel
    def run(self):
        self.core.reset()
        self.ttl_camera.on()
        delay_mu(self.n)
"""
    )
    code, output, _ = check(text, *with_lab())
    assert code == 1
    assert "probe.py:16: width: self.n has 32 bits" in output
    assert "safe-state: left on at the end of the run: ttl_camera" in output
    if not is_embedded("artiq"):
        assert "probe.py:16: compiler: cannot unify numpy.int64" in output


def test_what_the_dashboard_would_not_list(check):
    text = HEAD + "        self.core.reset()\n"
    code, output, _ = check(text, *with_lab())
    assert code == 1
    assert "probe.py:1: scan: AttributeError" in output
    assert "it is not listed" in output


def test_a_run_that_fails_names_the_line(check):
    text = HEAD + "\n    def run(self):\n        raise OSError('the laser is off')\n"
    code, output, _ = check(text, *with_lab("--skip", "lint"))
    assert code == 1
    assert "probe.py:11: run: OSError: the laser is off" in output
    assert "left out by --skip" in output


def test_an_argument_without_default_skips_the_run(check):
    text = HEAD + "        self.setattr_argument('n', NumberValue())\n"
    code, output, _ = check(text + "\n    def run(self):\n        pass\n", *with_lab())
    assert code == 0
    assert "argument 'n' has no default" in output


def test_a_process_that_dies_fails_its_gate(check):
    text = GOOD + "\n\nclass Second(EnvExperiment):\n    def run(self):\n"
    code, output, _ = check(
        text + "        import os\n        os._exit(0)\n", *with_lab()
    )
    assert code == 1
    assert "the process ended in this gate, with exit code 0" in output


def test_a_library_file_has_nothing_to_run(check):
    code, output, _ = check("VALUE = 1\n")
    assert code == 0
    assert "no experiment in it" in output


@pytest.mark.parametrize("arguments", [("none.py",), (), ("main.py", "--skip", "x")])
def test_bad_input(check, arguments):
    code, output, errors = check(None, *arguments)
    assert (code, output) == (2, "")
    assert errors


def test_the_repository_passes(check):
    code, output, errors = check(None, ROOT / "repository")
    assert code == 0, output + errors
    assert "failed" not in output


@pytest.mark.artiq
@NO_COMPILER
def test_every_kernel_of_a_recall_compiles_for_the_kasli(check):
    code, output, _ = check(None, ROOT / "repository" / "recall.py", "--skip", "lint")
    assert code == 0
    for name in ("initialise", "run_shot", "switch_off"):
        assert f"HolographicShot.{name}" in output


def test_a_negative_delay_that_underflows_is_named(check):
    body = "delay(-1 * ms)\n        self.ttl_camera.on()\n"
    text = (
        HEAD
        + f"""
    @kernel
    def run(self):
        self.core.reset()
        {body}"""
    )
    code, table, _ = check(text, *with_lab("--skip", "compile"))
    assert code == 1
    assert "RTIOUnderflow" in table
    assert "probe.py:13 put it there" in "".join(table.split("\n"))


def test_a_file_whose_imports_fail_is_one_finding(check):
    code, table, _ = check("import no_such_module\n" + GOOD, *with_lab())
    assert code == 1
    assert table.count("finding") == 1
    assert "scan: ModuleNotFoundError: No module named 'no_such_module'" in table
    assert table.count("its imports fail") == 3


def test_a_failing_import_is_told_whatever_is_left_out(check):
    text = "from artiq.coredevice.no_such_module import *\n" + GOOD
    code, table, _ = check(text, *with_lab("--skip", "scan", "--skip", "run"))
    assert code == 1
    assert "No module named 'artiq.coredevice.no_such_module'" in table
    assert table.count("its imports fail") == 3


@pytest.mark.artiq
@NO_COMPILER
def test_the_compiler_needs_no_linker(check, monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    _, table, _ = check(None, ROOT / "repository" / "recall.py")
    assert "3 kernels" in table


def test_a_step_back_that_was_made_up_for_is_not_blamed(check):
    text = (
        HEAD
        + """
    @kernel
    def run(self):
        self.core.reset()
        delay(-1 * us)
        delay(2 * us)
        for _ in range(2000):
            self.ttl_camera.off()
"""
    )
    code, table, _ = check(text, *with_lab("--skip", "compile"))
    assert code == 1
    assert "RTIOUnderflow" in table
    assert "negative delay" not in table


OTHER_LABORATORY = """
def local(module, name, **arguments):
    return {"type": "local", "module": "artiq.coredevice." + module, "class": name,
            "arguments": arguments}

device_db = {
    "core": local("core", "Core", host="::1", ref_period=1e-9),
    "ttl_camera": local("ttl", "TTLOut", channel=1),
    "suservo0": local("suservo", "SUServo", channel=2, pgia_device="a",
                      cpld_devices=["b"], dds_devices=["c"]),
}
"""


def test_a_laboratory_with_devices_that_have_no_twin(check, tmp_path):
    (tmp_path / "device_db.py").write_text(OTHER_LABORATORY)
    code, table, errors = check(GOOD)
    assert (code, errors) == (0, "")
    code, table, _ = check(GOOD.replace("self.core.reset", "self.suservo0.set"))
    assert code == 1
    assert "nothing gives self.suservo0 a value" in table
    asked = 'self.setattr_device("ttl_camera"); self.setattr_device("suservo0")'
    text = GOOD.replace('self.setattr_device("ttl_camera")', asked)
    code, table, _ = check(text.replace("self.core.reset", "self.suservo0.init"))
    assert code == 1
    assert "'suservo0' is a artiq.coredevice.suservo.SUServo" in table
    assert "lint:" not in table


@pytest.mark.artiq
@NO_COMPILER
def test_what_the_compiler_made_up_has_the_kernels_line(check):
    text = GOOD.replace("ttl_camera.pulse(", "ttl_camera.puls(")
    code, table, _ = check(text, *with_lab("--skip", "lint"))
    assert code == 1
    assert "probe.py:10: compiler: host object does not have" in table
    assert "synthesized" not in table


@pytest.mark.artiq
@NO_COMPILER
def test_a_database_without_artiqs_core_compiles_nothing(check, tmp_path):
    (tmp_path / "device_db.py").write_text("device_db = {'led': {'type': 'dummy'}}\n")
    text = "from artiq.experiment import *\nclass Probe(EnvExperiment):\n"
    code, table, _ = check(text + "    def run(self):\n        pass\n")
    assert code == 0
    assert "has no core device of ARTIQ" in table


@pytest.mark.artiq
@NO_COMPILER
def test_an_llvmlite_that_is_not_known_is_tried(monkeypatch):
    monkeypatch.setattr(compiler.importlib.metadata, "version", lambda _: "9.9.0")
    assert compiler.obstacle.__wrapped__() == ""
    monkeypatch.setattr(compiler, "_TRIAL", "raise TypeError('size_level')")
    said = compiler.obstacle.__wrapped__()
    assert "does not work with llvmlite 9.9.0: TypeError: size_level" in said
