"""A structure whose changes can be followed elsewhere, in this process.

Lists and dictionaries, nested as one likes. A change ("mod") is a dictionary: `action`
(a value of `ModAction`), `path` (the keys that lead to what is changed) and what the
action needs.
"""

from enum import Enum

from sim_backend.host.on_demand import attributes

#: `Publisher` and `Subscriber` refuse: they are of the network.
__getattr__ = attributes(__name__)


class ModAction(Enum):
    """What a change does; beside each, what it is called with."""

    init = "init"  # struct: everything, before any change
    append = "append"  # x
    insert = "insert"  # i, x
    pop = "pop"  # i
    setitem = "setitem"  # key, value
    delitem = "delitem"  # key


def process_mod(target, mod):
    """Make a change in `target`."""
    for key in mod["path"]:
        target = target[key]
    action = ModAction(mod["action"])
    if action is ModAction.append:
        target.append(mod["x"])
    elif action is ModAction.insert:
        target.insert(mod["i"], mod["x"])
    elif action is ModAction.pop:
        target.pop(mod["i"])
    elif action is ModAction.setitem:
        target[mod["key"]] = mod["value"]
    elif action is ModAction.delitem:
        del target[mod["key"]]
    else:
        raise ValueError("a whole structure is no change of one")


class Notifier:
    """Changes a structure, and tells `publish` of it, if that has been set.

    `notifier[key]` is the notifier of a part; `raw_view` is the structure itself, to be
    read only.
    """

    def __init__(self, backing_struct, root=None, path=()):
        self.raw_view = backing_struct
        self.publish = None
        self.root = self if root is None else root
        self._path = list(path)

    def _change(self, action, **details):
        if self.root.publish is not None:
            self.root.publish({"action": action, "path": self._path, **details})

    def append(self, x):
        """Append to a list."""
        self.raw_view.append(x)
        self._change("append", x=x)

    def insert(self, i, x):
        """Insert into a list."""
        self.raw_view.insert(i, x)
        self._change("insert", i=i, x=x)

    def pop(self, i=-1):
        """Take an element out of a list and return it."""
        taken = self.raw_view.pop(i)
        self._change("pop", i=i)
        return taken

    def __setitem__(self, key, value):
        self.raw_view[key] = value
        self._change("setitem", key=key, value=value)

    def __delitem__(self, key):
        del self.raw_view[key]
        self._change("delitem", key=key)

    def __getitem__(self, key):
        return Notifier(self.raw_view[key], self.root, [*self._path, key])


def update_from_dict(target, source):
    """Make a notifier's dictionary equal to `source`, changing only what differs."""
    for key in [key for key in target.raw_view if key not in source]:
        del target[key]
    for key, value in source.items():
        if key not in target.raw_view or target.raw_view[key] != value:
            target[key] = value
