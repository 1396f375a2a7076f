"""What an experiment is, and what it can ask of its surroundings."""

from contextlib import contextmanager
from inspect import isclass
from types import SimpleNamespace

from artiq.language._processors import (
    BooleanValue,
    DefaultMissing,
    EnumerationValue,
    NoDefault,
    NumberValue,
    PYONValue,
    StringValue,
)
from artiq.language.core import rpc

__all__ = [
    "NoDefault", "DefaultMissing",
    "PYONValue", "BooleanValue", "EnumerationValue", "NumberValue", "StringValue",
    "HasEnvironment", "Experiment", "EnvExperiment", "CancelledArgsError",
]  # fmt: skip


class CancelledArgsError(Exception):
    """The operator cancelled a request for interactive arguments."""


class TraceArgumentManager:
    """Notes which arguments are asked for; every value is None."""

    def __init__(self):
        self.requested_args = {}

    def get(self, key, processor, group, tooltip):
        """Note the argument."""
        self.requested_args[key] = processor, group, tooltip

    def get_interactive(self, interactive_arglist, title):
        """Refuse: nobody is there to answer."""
        raise NotImplementedError


class ProcessArgumentManager:
    """Answers from supplied values, else from defaults."""

    def __init__(self, unprocessed_arguments):
        self.unprocessed_arguments = unprocessed_arguments
        self._processed_arguments = set()

    def get(self, key, processor, group, tooltip):  # noqa: ARG002 (ARTIQ's interface)
        """Return the processed value of argument `key`."""
        if key not in self.unprocessed_arguments:
            return processor.default()
        value = processor.process(self.unprocessed_arguments[key])
        self._processed_arguments.add(key)
        return value

    def check_unprocessed_arguments(self):
        """Raise AttributeError if a supplied argument was never asked for."""
        unasked = set(self.unprocessed_arguments) - self._processed_arguments
        if unasked:
            names = ", ".join(sorted(unasked))
            message = f"Supplied argument(s) not queried in experiment: {names}"
            raise AttributeError(message)

    def get_interactive(self, interactive_arglist, title):
        """Refuse: nobody is there to answer."""
        raise NotImplementedError


class HasEnvironment:
    """A part of an experiment: it can ask for arguments, devices and datasets.

    The first argument is the parent, or the tuple (device manager, dataset manager,
    argument manager, scheduling defaults); the rest goes to `build`.
    """

    def __init__(self, managers_or_parent, *args, **kwargs):
        self.children = []
        if isinstance(managers_or_parent, tuple):
            devices, datasets, arguments, scheduling = managers_or_parent[:4]
        else:
            parent = managers_or_parent
            devices = parent.__device_mgr
            datasets = parent.__dataset_mgr
            arguments = parent.__argument_mgr
            scheduling = {}
            parent.register_child(self)
        self.__device_mgr = devices
        self.__dataset_mgr = datasets
        self.__argument_mgr = arguments
        self.__scheduler_defaults = scheduling

        self.__in_build = True
        self.build(*args, **kwargs)
        self.__in_build = False

    def register_child(self, child):
        """Add a part; called by the part's constructor."""
        self.children.append(child)

    def call_child_method(self, method, *args, **kwargs):
        """Call the named method of each part that has it, in order."""
        for child in self.children:
            child_method = getattr(child, method, None)
            if child_method is not None:
                child_method(*args, **kwargs)

    def build(self):
        """Ask for arguments and devices. To be overloaded; datasets are read-only."""

    def __build_only(self, name):
        if not self.__in_build:
            raise TypeError(f"{name}() should only be called from build()")

    def __set_invariant(self, key, value):
        setattr(self, key, value)
        known = getattr(self, "kernel_invariants", set())
        self.kernel_invariants = known | {key}

    # --- arguments ---

    def get_argument(self, key, processor, group=None, tooltip=None):
        """Return the value of an argument. Only in `build`."""
        self.__build_only("get_argument")
        return self.__argument_mgr.get(key, processor, group, tooltip)

    def setattr_argument(self, key, processor=None, group=None, tooltip=None):
        """Set an attribute to the value of the argument of that name."""
        value = self.get_argument(key, processor, group, tooltip)
        self.__set_invariant(key, value)

    @contextmanager
    def interactive(self, title=""):
        """Ask the operator for arguments during a run.

        Gives a namespace; call its `setattr_argument` inside the block, read the
        values from it afterwards.
        """
        requests = []
        namespace = SimpleNamespace()

        def setattr_argument(key, processor=None, group=None, tooltip=None):
            requests.append((key, processor, group, tooltip))

        namespace.setattr_argument = setattr_argument
        yield namespace
        del namespace.setattr_argument
        answers = self.__argument_mgr.get_interactive(requests, title)
        if answers is None:
            raise CancelledArgsError
        vars(namespace).update(answers)

    # --- devices ---

    def get_device_db(self):
        """Return the device database."""
        return self.__device_mgr.get_device_db()

    def get_device(self, key):
        """Return the driver of a device."""
        return self.__device_mgr.get(key)

    def setattr_device(self, key):
        """Set an attribute to the driver of the device of that name."""
        self.__set_invariant(key, self.get_device(key))

    # --- datasets ---

    @rpc(flags={"async"})
    def set_dataset(
        self,
        key,
        value,
        *,
        unit=None,
        scale=None,
        precision=None,
        broadcast=False,
        persist=False,
        archive=True,
    ):
        """Store a result under `key`.

        `archive`: into this run's file; `broadcast`: to whoever watches; `persist`
        (implies broadcast): also for later runs. `unit`, `scale` and `precision` say
        how to show it.
        """
        given = {"unit": unit, "scale": scale, "precision": precision}
        metadata = {name: item for name, item in given.items() if item is not None}
        self.__dataset_mgr.set(key, value, metadata, broadcast, persist, archive)

    @rpc(flags={"async"})
    def mutate_dataset(self, key, index, value):
        """Set `dataset[index]`; a tuple is a slice, a tuple of tuples several."""
        self.__dataset_mgr.mutate(key, index, value)

    @rpc(flags={"async"})
    def append_to_dataset(self, key, value):
        """Append to a dataset that is a list."""
        self.__dataset_mgr.append_to(key, value)

    def get_dataset(self, key, default=NoDefault, archive=True):
        """Return a dataset: this run's, else the stored one (then also archived)."""
        try:
            return self.__dataset_mgr.get(key, archive)
        except KeyError:
            if default is NoDefault:
                raise
            return default

    def get_dataset_metadata(self, key, default=NoDefault):
        """Return unit, scale and precision of a dataset, those that are known."""
        try:
            return self.__dataset_mgr.get_metadata(key)
        except KeyError:
            if default is NoDefault:
                raise
            return default

    def setattr_dataset(self, key, default=NoDefault, archive=True):
        """Set an attribute to the dataset of that name."""
        setattr(self, key, self.get_dataset(key, default, archive))

    # --- scheduling ---

    def set_default_scheduling(self, priority=None, pipeline_name=None, flush=None):
        """Say how the experiment wants to be scheduled. Only in `build`."""
        self.__build_only("set_default_scheduling")
        if priority is not None:
            self.__scheduler_defaults["priority"] = int(priority)
        if pipeline_name is not None:
            self.__scheduler_defaults["pipeline_name"] = pipeline_name
        if flush is not None:
            self.__scheduler_defaults["flush"] = flush


class Experiment:
    """The phases of an experiment after `build`."""

    def prepare(self):
        """Compute what `run` needs, without touching the apparatus."""

    def run(self):
        """Do it. To be overloaded."""
        raise NotImplementedError

    def analyze(self):
        """Evaluate, without touching the apparatus."""


class EnvExperiment(Experiment, HasEnvironment):
    """What most experiments derive from."""

    def prepare(self):
        """Prepare each part, in order."""
        self.call_child_method("prepare")


def is_experiment(o):
    """Return True for a class of experiments (not the two base classes)."""
    bases = (Experiment, EnvExperiment)
    return isclass(o) and issubclass(o, Experiment) and o not in bases


def is_public_experiment(o):
    """Return True for an experiment whose name has no leading underscore."""
    return is_experiment(o) and not o.__name__.startswith("_")
