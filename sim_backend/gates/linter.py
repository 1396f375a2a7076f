"""The static kernel linter: reads files as the compiler would, without running them.

It knows what ARTIQ's compiler rejects from syntax and from types it can tell by
reading. What it cannot tell it lets pass; the compiler has the last word.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from .findings import Finding
from .inference import Inference, Instance
from .resolution import Resolver
from .rules import RULES
from .rules.kernel import Kernel
from .source import Function, Module, Project


def lint(
    file: Path,
    roots: list[Path] | None = None,
    devices: Mapping[str, str] | None = None,
) -> list[Finding]:
    """Return what the compiler would refuse in a file's kernels and what they call.

    `roots` are folders from which the file's imports are found, besides its own and
    those of installed packages. `devices` maps the names of the device database to
    driver classes; without it drivers are not told apart.

    Raises
    ------
    ExperimentError
        The file cannot be read.
    """
    project = Project(roots or [])
    try:
        module = project.read(file)
    except SyntaxError as error:
        line = error.lineno or 1
        return [Finding(file, line, "python", f"not Python: {error.msg}")]
    return _Linter(Inference(Resolver(project), devices)).lint(module)


class _Linter:
    def __init__(self, inference: Inference) -> None:
        self._inference = inference
        self._done: set[tuple[Function, Instance | None]] = set()

    def lint(self, module: Module) -> list[Finding]:
        pending = list(_starts(module))
        found: set[Finding] = set()
        while pending:
            function, instance = pending.pop()
            if (function, instance) in self._done:
                continue
            self._done.add((function, instance))
            scope = self._inference.scope(function, instance)
            kernel = Kernel(function, scope, self._inference)
            if function.on_device:
                found |= set(self._complaints(kernel))
            pending += kernel.called()
        return sorted(found)

    @staticmethod
    def _complaints(kernel: Kernel) -> Iterator[Finding]:
        for rule in RULES:
            for node, name, message in rule(kernel):
                path = kernel.function.module.path
                yield Finding(path, node.lineno, name, message)


def _starts(module: Module) -> Iterator[tuple[Function, Instance | None]]:
    """Yield every function of the file: host code calls kernels, too."""
    for function in module.functions.values():
        yield function, None
    for cls in module.classes.values():
        for function in cls.functions.values():
            yield function, Instance(cls)
