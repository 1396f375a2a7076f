"""Kernels as Python, with the compiled meaning where the two languages differ.

Before a kernel is run its syntax tree is rewritten, once per function, line numbers
kept (`rewriting`):

* each top-level statement of `with parallel` goes into `with sequential`, because the
  compiler rewinds the cursor only before those;
* `with interleave` is guarded: driver calls inside are refused;
* integers wrap at 32 bits, `//` truncates towards zero, `round` takes halves away from
  zero;
* every call goes through the core device: kernels and portable functions run in place,
  system calls reach the board, everything else is a remote procedure call;
* parameters and results annotated as 64-bit integers become such;
* exceptions are made without their own `__init__`;
* names the compiler knows without import (`rtio_log`, `int64`, ...) are found.

The rewritten function keeps its globals, closure cells, defaults and name. Methods of
the simulated drivers are run as they are.

What stays different: attributes that a kernel writes reach the host at once, not when
the kernel ends; arguments without annotation are not copied.
"""

from __future__ import annotations

import ast
import builtins
import copy
import inspect
import linecache
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from types import CellType, CodeType, FunctionType, MethodType
from typing import Any

import numpy as np
from artiq.language.core import sequential

from ccqed_ctrl.errors import ExperimentError

from . import boundary, syscalls
from .annotations import INT64, NONE, UNANNOTATED, Signature, signature
from .crossing import Ended, made, told
from .rewriting import (
    CALL,
    CONTEXT,
    INTERLEAVE,
    RAISE,
    ROUND,
    SEQUENTIAL,
    WIDE,
    Rewriter,
    in_place,
)
from .semantics import ARITHMETIC, PRELUDE, InterleaveGuard, narrow, round_number

_FACTORY = "_ccqed_factory_"

#: Modules whose functions are no remote procedure calls.
_LOCAL_PACKAGES = {__name__.split(".")[0], "numpy", "math", "builtins"}
_LOCAL_MODULES = {"artiq.language.core", "artiq.language.units"}


class Interpreter:
    """Turns decorated functions into what the core device runs, and remembers them."""

    def __init__(self, core: Any) -> None:
        self._core = core
        self._bodies: dict[Any, Callable[..., Any]] = {}
        self._signatures: dict[Any, Signature] = {}
        self._syscalls = syscalls.table(core.board)
        self._names: dict[str, Any] = {
            CALL: self._called,
            CONTEXT: self._context,
            SEQUENTIAL: sequential,
            INTERLEAVE: InterleaveGuard(core.rtio),
            ROUND: round_number,
            RAISE: _made,
            WIDE: np.int64,
        }
        for name, operation, in_place_operation in ARITHMETIC.values():
            self._names[name] = operation
            self._names[in_place(name)] = in_place_operation

    def body(self, kernel: Any) -> Callable[..., Any]:
        """Return the Python function that does what a kernel means.

        Raises
        ------
        ExperimentError
            The kernel's source text cannot be read; the compiler would need it too.
        """
        if kernel not in self._bodies:
            function = kernel.artiq_embedded.function
            if isinstance(function, str):
                self._bodies[kernel] = self._from_string(function)
            elif _package(function) in _LOCAL_PACKAGES:
                self._bodies[kernel] = function
            else:
                self._bodies[kernel] = self._rewritten(function)
        return self._bodies[kernel]

    def signature(self, function: Any) -> Signature:
        """Return the annotations of a function; drivers convert by themselves."""
        key = getattr(function, "__func__", function)
        if key not in self._signatures:
            own = isinstance(key, str) or _package(key) in _LOCAL_PACKAGES
            self._signatures[key] = UNANNOTATED if own else signature(key)
        return self._signatures[key]

    def _called(self, function: Any) -> Any:
        """Return what a call of `function` from a kernel runs."""
        info = getattr(function, "artiq_embedded", None)
        if info is None:
            if isinstance(function, (FunctionType, MethodType)):
                return function if _is_local(function) else self._remote(function)
            return _builtin(function) if isinstance(function, type) else function
        if info.forbidden:
            name = function.__qualname__
            raise ExperimentError(f"{name} is host_only; a kernel cannot call it")
        if info.syscall is not None:
            return _by_position(function, self.syscall(info.syscall))
        if info.destination is not None:
            return function
        if info.portable or info.core_name is not None:
            if isinstance(function, MethodType):
                return MethodType(self.body(function.__func__), function.__self__)
            return self.body(function)
        return self._remote(function, asynchronous="async" in info.flags)

    def _context(self, manager: Any) -> Any:
        """Return a context manager whose methods, if they are kernels, run in place."""
        if not hasattr(type(manager).__enter__, "artiq_embedded"):
            return manager
        return _Context(self._called(manager.__enter__), self._called(manager.__exit__))

    def syscall(self, name: str) -> Callable[..., Any]:
        """Return a system call of the core device.

        Raises
        ------
        ExperimentError
            The board has none of this name.
        """
        if name not in self._syscalls:
            there = ", ".join(sorted(self._syscalls))
            message = (
                f"a kernel needs the system call {name}, which the simulated core "
                f"device does not have; it has {there}"
            )
            raise ExperimentError(message)
        return self._syscalls[name]

    def _remote(
        self, function: Any, *, asynchronous: bool = False
    ) -> Callable[..., Any]:
        """Return what calls a function of the host, values converted both ways."""
        returns = self.signature(function).returns

        def call(*arguments: Any, **keywords: Any) -> Any:
            self._core.begin_rpc(asynchronous=asynchronous)
            given = [boundary.received(value) for value in arguments]
            named = {name: boundary.received(item) for name, item in keywords.items()}
            failure = None
            with self._core.hosting():
                try:
                    result = function(*given, **named)
                except Exception as error:
                    if asynchronous:  # no kernel waits for it
                        raise Ended(error) from None
                    failure = told(error)
            if failure is not None:  # raised here, it follows the kernel's own
                raise failure
            if asynchronous:
                return None
            try:
                return boundary.answered(function, returns, result)
            except Exception as error:  # the host's: no kernel can catch it
                raise Ended(error) from None

        return call

    def _rewritten(self, function: FunctionType) -> FunctionType:
        code = function.__code__
        definition = _definition(code)
        if definition is None:
            message = (
                f"the source of {function.__qualname__} ({code.co_filename}) cannot be "
                "read; kernels must be in a file, ARTIQ's compiler needs it too"
            )
            raise ExperimentError(message)
        names = self._names | self._prelude(code, function.__globals__)
        closure = function.__closure__ or ()
        cells = dict(zip(code.co_freevars, closure, strict=True))
        cells |= {name: CellType(value) for name, value in names.items()}
        wide = self._wide(function)
        compiled = _compile(definition, code, function.__qualname__, list(cells), wide)
        result = FunctionType(
            compiled.replace(co_name=code.co_name, co_qualname=code.co_qualname),
            function.__globals__,
            function.__name__,
            function.__defaults__,
            tuple(cells[name] for name in compiled.co_freevars),
        )
        result.__kwdefaults__ = function.__kwdefaults__
        result.__qualname__ = function.__qualname__
        result.__module__ = function.__module__
        return result

    def _wide(self, function: FunctionType) -> set[str]:
        """Return the parameters that are 64-bit integers, and ``return`` likewise."""
        known = self.signature(function)
        types = known.types | {"return": known.returns or NONE}
        return {name for name, kind in types.items() if kind == INT64}

    def _from_string(self, source: str) -> Callable[..., Any]:
        """Return the function of `kernel_from_string`: only the compiler's names."""
        tree = Rewriter().visit(ast.parse(source, "<kernel_from_string>"))
        scope: dict[str, Any] = {**PRELUDE, **self._names}
        code = compile(ast.fix_missing_locations(tree), "<kernel_from_string>", "exec")
        exec(code, scope)  # the text is the experiment's own kernel
        return scope["kernel_from_string_fn"]

    @staticmethod
    def _prelude(code: CodeType, scope: dict[str, Any]) -> dict[str, Any]:
        """Return the compiler's names that Python would not find."""
        return {
            name: value
            for name, value in PRELUDE.items()
            if name in _global_names(code)
            and name not in scope
            and not hasattr(builtins, name)
        }


class _Context:
    """A kernel's context manager: told of no exception, it cannot stop one."""

    def __init__(self, enter: Callable[[], Any], leave: Callable[..., Any]) -> None:
        self._enter, self._leave = enter, leave

    def __enter__(self) -> Any:
        return self._enter()

    def __exit__(self, *exception: object) -> None:
        self._leave(None, None, None)


def _package(function: Any) -> str:
    return (getattr(function, "__module__", None) or "").split(".")[0]


def _is_local(function: Any) -> bool:
    return (
        _package(function) in _LOCAL_PACKAGES or function.__module__ in _LOCAL_MODULES
    )


def _builtin(kind: type) -> Any:
    """Return what a kernel means by a class that it calls."""
    if kind is np.int32:
        return narrow
    if issubclass(kind, BaseException):
        return partial(made, kind)
    return kind


def _by_position(declared: Any, call: Callable[..., Any]) -> Callable[..., Any]:
    """Let a system call be given arguments by the names of its declaration."""

    def named(*arguments: Any, **keywords: Any) -> Any:
        if keywords:
            arguments = inspect.signature(declared).bind(*arguments, **keywords).args
        return call(*arguments)

    return named


def _made(raised: Any) -> Any:
    return made(raised) if isinstance(raised, type) else raised


def _global_names(code: CodeType) -> set[str]:
    names = set(code.co_names)
    for inner in _inner(code):
        names |= _global_names(inner)
    return names


def _inner(code: CodeType) -> Iterator[CodeType]:
    return (item for item in code.co_consts if isinstance(item, CodeType))


@lru_cache(maxsize=64)
def _module_tree(filename: str, text: str) -> ast.Module:
    return ast.parse(text, filename)


def _definition(code: CodeType) -> ast.FunctionDef | None:
    """Return a fresh syntax tree of the function with this code, None without file."""
    linecache.checkcache(code.co_filename)
    lines = linecache.getlines(code.co_filename)
    if not lines:
        return None
    text = "".join(lines)
    for node in ast.walk(_module_tree(code.co_filename, text)):
        if not isinstance(node, ast.FunctionDef) or node.name != code.co_name:
            continue
        first = min([node.lineno, *(item.lineno for item in node.decorator_list)])
        if first == code.co_firstlineno:
            return _detached(node)
    return None


def _detached(original: ast.FunctionDef) -> ast.FunctionDef:
    """Return a copy without what belongs to the definition and not to the body."""
    node = copy.deepcopy(original)
    node.decorator_list = []
    node.returns = None
    arguments = node.args
    arguments.defaults = [ast.Constant(None) for _ in arguments.defaults]
    arguments.kw_defaults = [
        None if default is None else ast.Constant(None)
        for default in arguments.kw_defaults
    ]
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    for argument in [*every, arguments.vararg, arguments.kwarg]:
        if argument is not None:
            argument.annotation = None
    return node


def _compile(
    definition: ast.FunctionDef,
    code: CodeType,
    qualname: str,
    free: list[str],
    wide: set[str],
) -> CodeType:
    """Compile a rewritten definition with `free` as its possible closure variables."""
    body: list[ast.stmt] = [Rewriter(wide).visit(definition)]
    owner = qualname.split(".")[-2:-1]
    if owner and owner[0] != "<locals>":
        # Inside a class of the same name private attributes are mangled as before; the
        # name itself is still the module's.
        body = [ast.ClassDef(owner[0], [], [], body, [])]
        if owner[0] not in free:
            body.insert(0, ast.Global([owner[0]]))
    parameters = [ast.arg(name) for name in free]
    arguments = ast.arguments([], parameters, None, [], [], None, [])
    factory = ast.FunctionDef(_FACTORY, arguments, body, [])
    module = ast.fix_missing_locations(ast.Module([factory], []))
    compiled = compile(module, code.co_filename, "exec", dont_inherit=True)
    return next(
        inner for inner in _all_inner(compiled) if inner.co_name == code.co_name
    )


def _all_inner(code: CodeType) -> Iterator[CodeType]:
    for inner in _inner(code):
        yield inner
        yield from _all_inner(inner)
