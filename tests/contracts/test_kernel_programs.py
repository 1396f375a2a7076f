"""The linter's verdict on kernels against that of ARTIQ's compiler."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path

import pytest

from sim_backend.gates.linter import lint
from sim_backend.host.devices import driver_classes, load_device_db

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))

PROGRAMS = sorted((HERE / "kernel_programs").glob("*.py"))
TRUTH = json.loads((HERE / "compiled_verdicts.json").read_text())
HAS_COMPILER = importlib.util.find_spec("artiq.compiler") is not None

#: What only the types of driver objects and of numpy scalars would tell, an attribute
#: that another object is given from outside, what a called kernel makes of a list.
MISSES = {
    "ShortArrays", "DeviceMethodTypo", "UnlikeInstancesLater", "EmptyListPassed",
    "EmptyListCounted",
}  # fmt: skip
#: Programs of section 3.9's table of what does not compile, and their rules.
TABLE = {
    "DictLiteral": "dict", "DictAttribute": "dict", "DictGlobal": "dict",
    "MixedList": "mixed-list", "MixedListOfDevices": "mixed-list",
    "MixedListAttribute": "mixed-list",
    "ListAppend": "list-method", "EmptyList": "empty-list",
    "EmptyListAttribute": "empty-list", "FString": "f-string",
    "TupleIteration": "iteration", "TupleAttributeIteration": "iteration",
    "Enumerate": "builtin", "Zip": "builtin", "IsInstance": "builtin",
    "GetAttr": "builtin", "Super": "builtin", "TypeOf": "builtin", "Sum": "builtin",
    "Any_": "builtin", "Sorted": "builtin", "StarredMethod": "variadic",
    "IntBecomesFloat": "rebinding", "ReturnsList": "return-list",
    "UnannotatedResult": "rpc-result", "AnnotationInt": "annotation",
    "AnnotationArray": "annotation", "AnnotationListOfRpc": "annotation",
    "ExceptTuple": "except-tuple", "StaticMethod": "static-method",
    "SchedulerPause": "host-only", "TimeIntoIntAttribute": "attribute-type",
    "IntAttributeAsDelay": "width", "ScannableIteration": "iteration",
    "UnlikeInstances": "unlike-instances", "IntCondition": "condition",
    "QualifiedWithFlags": "decorator", "InterleavedDriver": "interleave",
    "InterleavedUnequalPulses": "interleave", "InterleavedDacLoad": "interleave",
    "UnlikeInstancesInList": "unlike-instances",
}  # fmt: skip


@pytest.fixture(scope="module")
def found():
    """Program name to the rules it breaks."""
    rules = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CCQED_BACKEND", "simulation")  # put back what loading sets
        devices = driver_classes(load_device_db(HERE.parents[1] / "device_db.py"))
    for file in PROGRAMS:
        classes = [
            n for n in ast.parse(file.read_text()).body if type(n) is ast.ClassDef
        ]
        for finding in lint(file, [HERE], devices):
            name = next(
                c.name for c in classes if c.lineno <= finding.line <= c.end_lineno
            )
            rules.setdefault(name, set()).add(finding.rule)
    return rules


def test_the_linter_agrees_with_the_compiler(found):
    refused = {name for name, complaint in TRUTH.items() if complaint}
    assert len(TRUTH) >= 40
    assert min(len(refused), len(TRUTH) - len(refused)) >= 40
    assert refused - set(found) == MISSES
    assert set(found) <= refused


@pytest.mark.parametrize(("program", "rule"), TABLE.items())
def test_nothing_of_the_table_is_missed(found, program, rule):
    assert TRUTH[program]
    assert rule in found[program]


@pytest.mark.artiq
@pytest.mark.skipif(not HAS_COMPILER, reason="needs ARTIQ's compiler")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of numpy, in the compiler
@pytest.mark.filterwarnings("ignore::SyntaxWarning")
def test_the_stored_verdicts_are_the_compilers(capfd):
    from record_verdicts import compiled_verdicts

    now = compiled_verdicts()
    assert {n for n in now if now[n]} == {n for n in TRUTH if TRUTH[n]}
    assert now.keys() == TRUTH.keys()
