"""Exceptions of another process: packed where they are raised, raised again here."""

import builtins
import sys
import traceback

_BUILTINS = {
    name: kind
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, Exception)
}


class GenericRemoteException(Exception):
    """Another process raised something that has no class here."""


def current_exc_packed():
    """Return the exception that is being handled, in plain terms.

    One of Python's own keeps its class; of any other the text says what it was.
    """
    error = sys.exception()
    kind = type(error)
    if _BUILTINS.get(kind.__name__) is kind:
        name, message = kind.__name__, str(error)
    else:
        name = GenericRemoteException.__name__
        message = traceback.format_exception_only(error)[0].rstrip()
    return {
        "class": name,
        "message": message,
        "traceback": traceback.format_tb(error.__traceback__),
    }


def raise_packed_exc(pack):
    """Raise what was packed elsewhere; its traceback there is `parent_traceback`."""
    kind = _BUILTINS.get(pack["class"], GenericRemoteException)
    try:
        error = kind(pack["message"])
    except TypeError:  # UnicodeDecodeError and the like take more than a text
        error = GenericRemoteException(f"{pack['class']}: {pack['message']}")
    error.parent_traceback = pack["traceback"]
    raise error
