"""Calls that cannot be made from a kernel, or not like this."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from ..kinds import INT32
from ..resolution import External
from ..source import Function
from .kernel import Complaint, Kernel
from .signatures import annotation

#: Functions of numpy that the compiler has; constants and types are not called.
_NUMPY_NAMES = """
sin cos exp exp2 log log10 log2 fabs floor ceil trunc sqrt rint tan arcsin arccos
arctan sinh cosh tanh arcsinh arccosh arctanh expm1 cbrt arctan2 copysign fmax fmin
hypot nextafter transpose array full zeros ones int32 int64
"""
_NUMPY = frozenset(_NUMPY_NAMES.split())
#: Methods of ARTIQ's environment that give a kernel nothing back.
_SILENT = frozenset(
    {"get_dataset", "get_argument", "get_device", "get_dataset_metadata"}
)
_LATER = frozenset({"at_mu", "delay_mu"})


def methods_of_values(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse methods of lists and strings: there are none."""
    for node in kernel.all(ast.Call):
        if not isinstance(node.func, ast.Attribute):
            continue
        kind = kernel.kind(node.func.value)
        if kind is not None and kind.name in ("list", "str", "tuple"):
            instead = {
                "list": "make the list long enough before, and index it",
                "tuple": "compare in a loop over a list",
                "str": "work on strings in an RPC",
            }[kind.name]
            message = f"a {kind.name} has no {node.func.attr}() in kernels; {instead}"
            yield node, f"{kind.name}-method", message


def conversions(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse conversions and lengths that do not exist."""
    for node in kernel.all(ast.Call):
        name = getattr(node.func, "id", "")
        if name == "str" and node.args:
            yield node, "string", "strings are not made in kernels; do it in an RPC"
        kind = kernel.kind(node.args[0]) if node.args else None
        if name == "len" and kind is not None and kind.name == "tuple":
            yield node, "iteration", "a tuple has no length in kernels; write a list"


def numpy_functions(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse functions of numpy that the compiler does not have."""
    for node in kernel.all(ast.Call):
        found = kernel.inference.callee(node.func, kernel.scope)
        if not isinstance(found, External) or found.module != "numpy":
            continue
        if found.name and found.name not in _NUMPY:
            message = f"kernels have no numpy.{found.name}; compute it before"
            yield node, "numpy-function", message


def forbidden(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse host_only functions, the scheduler's pause among them."""
    for node in kernel.all(ast.Call):
        found = kernel.inference.callee(node.func, kernel.scope)
        if isinstance(found, Function) and found.role == "host_only":
            message = f"{found.node.name} is host_only; return to the host for it"
            yield node, "host-only", message
        elif ast.unparse(node.func).endswith("scheduler.pause") and found is None:
            message = "leave the kernel when scheduler.check_pause(), then pause"
            yield node, "host-only", message


def results(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse the use of a result that the kernel never receives."""
    unused = {id(node.value) for node in kernel.all(ast.Expr)}
    kept = {id(node.value) for node in kernel.all(ast.Assign)}
    for node in kernel.all(ast.Call):
        found = kernel.inference.callee(node.func, kernel.scope)
        if found is None and _is_own_method(kernel, node.func, _SILENT):
            if id(node) not in unused:
                name = node.func.attr
                message = f"{name} tells a kernel nothing; call it in prepare()"
                yield node, "rpc-result", message
        elif isinstance(found, Function) and not found.on_device:
            yield from annotation_of_rpc(kernel, node, found)
            silent = found.node.returns is None and found.role in ("rpc", "host")
            if found.is_async and not _returns_none(found):
                message = f"{found.node.name} is asynchronous; it cannot return"
                yield node, "async-result", message
            elif (
                silent and id(node) not in unused and not _only_kept(kernel, node, kept)
            ):
                message = (
                    f"annotate what {found.node.name} returns, as in -> TFloat; "
                    "without, the kernel gets None"
                )
                yield node, "rpc-result", message


def annotation_of_rpc(
    kernel: Kernel, node: ast.Call, function: Function
) -> Iterator[Complaint]:
    """Refuse a result's annotation the compiler cannot read, at the call."""
    for _, rule, message in annotation(kernel, function.node.returns):
        yield node, rule, f"{function.node.name} returns: {message}"


def arguments(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse 32-bit values where a parameter or the timeline takes 64."""
    for node in kernel.all(ast.Call):
        wide = getattr(node.func, "id", "") in _LATER
        if wide and node.args and _is_narrow(kernel, node.args[0]):
            text = ast.unparse(node.args[0])
            message = f"{text} has 32 bits; write int64({text}), or keep np.int64"
            yield node, "width", message
        found = kernel.inference.callee(node.func, kernel.scope)
        if isinstance(found, Function) and found.on_device:
            yield from _defaults(node, found)
    for node in kernel.all(ast.Raise):
        for item in getattr(node.exc, "args", [])[1:]:
            if _is_narrow(kernel, item):
                message = f"{ast.unparse(item)} has 32 bits; write int64(...)"
                yield node, "width", message


def host_objects(kernel: Kernel) -> Iterator[Complaint]:
    """Refuse callees that are variadic or static kernels outside this file's rules."""
    for node in kernel.all(ast.Call):
        found = kernel.inference.callee(node.func, kernel.scope)
        if not isinstance(found, Function):
            continue
        static = "staticmethod" in found.decorators or "classmethod" in found.decorators
        if static and not found.on_device and _result_is_used(kernel, node):
            message = f"{found.node.name} is static; make it a @portable function"
            yield node, "static-method", message


def _defaults(node: ast.Call, function: Function) -> Iterator[Complaint]:
    """Refuse a call that leaves out, or gives by position, a default that is a delay.

    ARTIQ-9's compiler stops with an internal error there.
    """
    count = len(function.node.args.defaults)
    parameters = function.parameters[-count:] if count else []
    by_name = {item.arg for item in node.keywords}
    names = {item.arg for item in parameters} - by_name
    delays = names & _delaying(function)
    for name in sorted(delays):
        message = (
            f"{name} makes a delay in {function.node.name} and has a default: give it "
            f"by name, {name}=...; the compiler breaks otherwise"
        )
        yield node, "delay-default", message


def _delaying(function: Function) -> set[str]:
    """Return the names in delays, pulses and loop counts of straight-line code."""
    body = [part for node in function.node.body for part in ast.walk(node)]
    breaks = ast.If | ast.While | ast.Try | ast.IfExp | ast.Raise | ast.Return
    if any(isinstance(node, breaks) for node in body):
        return set()
    names = set()
    for node in body:
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in ("delay", "delay_mu", "pulse", "pulse_mu", "range"):
                names |= {p.id for p in ast.walk(node) if isinstance(p, ast.Name)}
    return names


def _is_narrow(kernel: Kernel, node: ast.expr) -> bool:
    """Return whether a value has exactly 32 bits; arithmetic widens."""
    plain = isinstance(node, ast.Name | ast.Attribute | ast.Subscript)
    return plain and kernel.kind(node) == INT32


def _is_own_method(kernel: Kernel, node: ast.expr, names: frozenset[str]) -> bool:
    if not (isinstance(node, ast.Attribute) and node.attr in names):
        return False
    owner = kernel.inference.owner(node.value, kernel.scope)
    return owner is not None and kernel.inference.resolver.is_environment(owner.cls)


def _returns_none(function: Function) -> bool:
    annotation = function.node.returns
    name = getattr(annotation, "id", getattr(annotation, "attr", ""))
    none = isinstance(annotation, ast.Constant) and annotation.value is None
    return annotation is None or none or name == "TNone"


def _result_is_used(kernel: Kernel, node: ast.Call) -> bool:
    return all(statement.value is not node for statement in kernel.all(ast.Expr))


def _only_kept(kernel: Kernel, node: ast.Call, kept: set[int]) -> bool:
    """Return whether the result goes into a name that is never used."""
    if id(node) not in kept:
        return False
    statement = next(s for s in kernel.all(ast.Assign) if s.value is node)
    names = {getattr(target, "id", None) for target in statement.targets}
    loads = (item for item in kernel.all(ast.Name) if isinstance(item.ctx, ast.Load))
    return None not in names and not any(item.id in names for item in loads)


RULES = (
    methods_of_values,
    conversions,
    numpy_functions,
    forbidden,
    results,
    arguments,
    host_objects,
)
