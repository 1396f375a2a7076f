"""Figures at sizes for tests."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ccqed_ctrl import memories


@pytest.fixture
def few_examples(monkeypatch):
    """Train with little handwriting; tests/model asks what all of it is good for."""
    whole = memories.handwriting

    def few(held_out=None):
        digits = whole(held_out)
        images, labels = digits.examples.images[:150], digits.examples.labels[:150]
        return replace(
            digits, examples=replace(digits.examples, images=images, labels=labels)
        )

    monkeypatch.setattr(memories, "handwriting", few)
