"""Decorators that say where a function runs, and the timeline's statements."""

from collections import namedtuple
from contextlib import nullcontext
from functools import wraps

__all__ = [
    "kernel", "portable", "rpc", "subkernel", "syscall", "host_only",
    "kernel_from_string", "set_time_manager", "set_watchdog_factory",
    "TerminationRequested",
    "sequential", "parallel", "interleave", "delay_mu", "now_mu", "at_mu", "delay",
    "watchdog",
]  # fmt: skip

kernel_globals = (
    "sequential", "parallel", "interleave", "delay_mu", "now_mu", "at_mu", "delay",
    "watchdog",
)  # fmt: skip

_ARTIQEmbeddedInfo = namedtuple(
    "_ARTIQEmbeddedInfo",
    "core_name portable function syscall forbidden destination flags",
)


def _mark(
    target,
    *,
    core_name=None,
    portable=False,
    function=None,
    syscall=None,
    forbidden=False,
    destination=None,
    flags=(),
):
    target.artiq_embedded = _ARTIQEmbeddedInfo(
        core_name, portable, function, syscall, forbidden, destination, set(flags)
    )
    return target


def kernel(arg=None, flags=frozenset()):
    """Mark a method to run on the core device.

    ``@kernel``, ``@kernel("core2")`` (the attribute that holds the core device) and
    ``@kernel(flags={...})``. Called from the host, the method is handed to
    ``self.core.run(method, (self, *args), kwargs)``.
    """
    if arg is None:
        return lambda function: kernel(function, flags)
    if not isinstance(arg, str):
        return kernel("core", flags)(arg)

    def decorate(function):
        @wraps(function)
        def run_on_core(self, *args, **kwargs):
            return getattr(self, arg).run(run_on_core, (self, *args), kwargs)

        return _mark(run_on_core, core_name=arg, function=function, flags=flags)

    return decorate


def subkernel(arg=None, destination=0, flags=frozenset()):
    """Mark a method to run on a satellite's core device (number `destination`)."""
    if arg is None:
        return lambda function: subkernel(function, destination, flags)
    if not isinstance(arg, str):
        return subkernel("core", destination, flags)(arg)

    def decorate(function):
        @wraps(function)
        def run_subkernel(self, *args, **kwargs):
            core = getattr(self, arg)
            call = (destination, run_subkernel, (self, *args), kwargs)
            core.run_subkernel(core.prepare_subkernel(*call))

        return _mark(
            run_subkernel,
            core_name=arg,
            function=function,
            destination=destination,
            flags=flags,
        )

    return decorate


def portable(arg=None, flags=frozenset()):
    """Mark a function to run wherever its caller runs."""
    if arg is None:
        return lambda function: portable(function, flags)
    return _mark(arg, portable=True, function=arg, flags=flags)


def rpc(arg=None, flags=frozenset()):
    """Mark a function to run on the host; ``flags={"async"}``: nobody waits for it."""
    if arg is None:
        return lambda function: rpc(function, flags)
    return _mark(arg, function=arg, flags=flags)


def syscall(arg=None, flags=frozenset()):
    """Mark a function as the host's version of a system call of the core device."""
    if arg is None:
        return lambda function: syscall(function.__name__, flags)(function)
    if isinstance(arg, str):
        return lambda function: _mark(function, syscall=arg, flags=flags)
    return syscall(arg.__name__, flags)(arg)


def host_only(function):
    """Mark a function that a kernel must not call."""
    return _mark(function, forbidden=True)


def kernel_from_string(parameters, body_code, decorator=kernel):
    """Make a kernel from source text.

    `parameters` are names, or (name, annotation) pairs; the body sees nothing but
    them. `artiq_embedded.function` of the result is the text, as a compiler wants it.
    """
    names = [p if isinstance(p, str) else ": ".join(p) for p in parameters]
    body = "\n".join(f"    {line}" for line in body_code.split("\n"))
    text = f"def kernel_from_string_fn({', '.join(names)}):\n{body}"
    scope = {}
    try:
        exec(text, scope)
    except SyntaxError as error:
        raise SyntaxError(f"cannot parse the kernel function:\n{text}") from error
    function = decorator(scope["kernel_from_string_fn"])
    function.artiq_embedded = function.artiq_embedded._replace(function=text)
    return function


class _NoTimeManager:
    """In place until a simulated core device sets its own."""

    def _refuse(self, *_args, **_kwargs):
        message = "timeline statements need a core device; none is running"
        raise NotImplementedError(message)

    enter_sequential = enter_parallel = exit = _refuse
    take_time_mu = take_time = get_time_mu = set_time_mu = _refuse


_time_manager = _NoTimeManager()


def set_time_manager(time_manager):
    """Let `time_manager` answer the timeline's statements from now on."""
    global _time_manager
    _time_manager = time_manager


class _Sequential:
    def __enter__(self):
        _time_manager.enter_sequential()

    def __exit__(self, *_exception):
        _time_manager.exit()


class _Parallel:
    def __enter__(self):
        _time_manager.enter_parallel()

    def __exit__(self, *_exception):
        _time_manager.exit()


sequential = _Sequential()
parallel = _Parallel()
interleave = _Parallel()


def delay_mu(duration):
    """Move the timeline cursor by `duration` machine units."""
    _time_manager.take_time_mu(duration)


def delay(duration):
    """Move the timeline cursor by `duration` seconds."""
    _time_manager.take_time(duration)


def now_mu():
    """Return the timeline cursor in machine units."""
    return _time_manager.get_time_mu()


def at_mu(time):
    """Set the timeline cursor to `time` machine units."""
    _time_manager.set_time_mu(time)


_watchdog_factory = nullcontext  # watchdogs do not bite unless a factory is set


def set_watchdog_factory(f):
    """Let `f(timeout)` make the context managers of `watchdog`."""
    global _watchdog_factory
    _watchdog_factory = f


def watchdog(timeout):
    """Return a context manager that limits the time spent inside it."""
    return _watchdog_factory(timeout)


class TerminationRequested(Exception):
    """Raised by ``scheduler.pause()`` when the operator wants the run to end."""
