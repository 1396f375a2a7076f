"""Structures that are followed elsewhere; run under sipyco's own, too."""

from __future__ import annotations

import copy

import pytest
from sipyco.sync_struct import ModAction, Notifier, process_mod, update_from_dict


@pytest.fixture
def followed():
    """A notifier and a copy that follows its changes."""
    notifier = Notifier({"list": [1, 2], "deep": {"a": [0]}})
    follower = copy.deepcopy(notifier.raw_view)
    notifier.publish = lambda mod: process_mod(follower, copy.deepcopy(mod))
    return notifier, follower


def test_a_copy_follows_every_change(followed):
    notifier, follower = followed
    notifier["list"].append(3)
    notifier["list"].insert(0, -1)
    assert notifier["list"].pop() == 3
    assert notifier["list"].pop(0) == -1
    notifier["deep"]["a"][0] = 7
    notifier["new"] = {"x": 1}
    del notifier["new"]["x"]
    assert notifier.raw_view == {"list": [1, 2], "deep": {"a": [7]}, "new": {}}
    assert follower == notifier.raw_view


def test_a_change_is_described():
    told = []
    notifier = Notifier({"a": [[]]})
    notifier["a"][0].append(1)  # nobody listens yet
    notifier.publish = told.append
    notifier["a"][0].append(2)
    notifier["b"] = 3
    assert told == [
        {"action": "append", "path": ["a", 0], "x": 2},
        {"action": "setitem", "path": [], "key": "b", "value": 3},
    ]


def test_only_what_differs_is_changed(followed):
    notifier, follower = followed
    told = []
    follow = notifier.publish
    notifier.publish = lambda mod: (told.append(mod), follow(mod))
    update_from_dict(notifier, {"deep": {"a": [0]}, "list": [5]})
    assert [(mod["action"], mod["key"]) for mod in told] == [("setitem", "list")]
    update_from_dict(notifier, {"deep": {}})
    assert follower == notifier.raw_view == {"deep": {}}


def test_actions_may_be_given_by_name_or_as_such():
    target = [1]
    process_mod(target, {"action": ModAction.append, "path": [], "x": 2})
    assert target == [1, 2]
    with pytest.raises(ValueError, match="explode"):
        process_mod(target, {"action": "explode", "path": []})
