"""What the driver of Spectrum cards uses of spcm, without any card.

The sequencer is where its steps have led it when it is asked; what it has played so far
is in `played`.
"""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np

from tests.controllers.faked import faked

CONSTANTS = {
    "SPC_REP_STD_SEQUENCE": 0x40000, "CHANNEL0": 1, "CHANNEL1": 2,
    "SPC_TMASK_SOFTWARE": 1, "M2CMD_CARD_ENABLETRIGGER": 8,
    "M2CMD_CARD_FORCETRIGGER": 16,
}  # fmt: skip


class SpcmException(Exception):  # noqa: N818 (the vendor's)
    pass


class Card:
    OUTSIDE = ("usable", "walk")
    last = None
    stuck = False

    def __init__(self, device_identifier="", handle=False, **kwargs):
        if device_identifier != "/dev/spcm0":
            raise SpcmException(f"no card {device_identifier}")
        type(self).last = self
        self._open, self._running, self.mode, self._rate = False, False, 0, 0
        self.segments, self.steps, self.present, self.start_at = {}, {}, -1, 0
        self.segments_at_most, self.played = 0, []

    def usable(self):
        if not self._open:
            raise SpcmException("the card is not open")

    def open(self, device_identifier=None):
        self._open = True
        return self

    def close(self):
        self._open = self._running = False

    def status(self):
        self.usable()
        return 0

    def product_name(self):
        return "M4i.6622-x8"

    def sn(self):
        return 815

    def is_demo_card(self):
        return False

    def card_mode(self, card_mode=None):
        self.mode = card_mode

    def max_sample_value(self):
        return 2**15

    def stop(self, *args):
        self.usable()
        self._running = False

    def start(self, *args):
        self.usable()
        if self.mode != CONSTANTS["SPC_REP_STD_SEQUENCE"] or len(args) != 2:
            raise SpcmException("nothing to start")
        self._running, self.present, self.played = True, self.start_at, []

    def walk(self):
        """Go on to the step that the present one leads to, and say where that is."""
        self.usable()
        if self._running and not self.stuck:
            segment, following = self.steps[self.present]
            self.played.append(segment)
            self.present = following
        return self.present


class Channels:
    def __init__(self, card=None, card_enable=None):
        if card_enable != 3:
            raise SpcmException("two channels")

    def enable(self, enable):
        pass

    def amp(self, value):
        if not 80 <= value <= 2500:
            raise SpcmException("SPC_AMP0: value not allowed")


class Trigger:
    def __init__(self, card):
        pass

    def or_mask(self, mask=None):
        pass


class Clock:
    def __init__(self, card):
        self._card = card

    def sample_rate(self, sample_rate=0):
        return min(sample_rate, 625_000_000)


class Segment:
    def __init__(self, card, index, segment, samples_per_segment):
        if segment.shape != (2, samples_per_segment) or not segment.flags.f_contiguous:
            raise SpcmException("samples of channels have to be by turns")
        if samples_per_segment % 32 or segment.dtype != np.int16:
            raise SpcmException("SPC_SEQMODE_SEGMENTSIZE: value not allowed")
        self._card, self.number, self._samples = card, index, segment

    def update(self):
        card = self._card
        card.usable()
        if self.number >= card.segments_at_most:
            raise SpcmException("SPC_SEQMODE_WRITESEGMENT: value not allowed")
        if card._running and card.steps[card.present][0] == self.number:
            raise SpcmException("the segment is being replayed")
        card.segments[self.number] = self._samples.copy()


class Step:
    def __init__(self, card, index, segment, loops=0):
        self._card, self.number, self._segment = card, index, segment
        self._following = None
        if loops != 1:
            raise SpcmException("once each")

    def set_transition(self, to_step, on_trig=False):
        self._following = to_step

    def update(self, segment=None, loops=None, to_step=None, on_trig=None):
        self._card.usable()
        following = to_step or self._following
        self._card.steps[self.number] = (self._segment.number, following.number)


class Sequence:
    def __init__(self, card):
        self._card = card

    def max_segments(self, max_segments=0):
        self._card.segments_at_most = max_segments

    def start_step(self, start_step_index=None):
        self._card.start_at = start_step_index

    def status(self):
        return self._card.walk()


#: In spcm itself, and in its module of sequences.
CLASSES = (Card, Channels, Trigger, Clock, Sequence)
PARTS = (Segment, Step)


@contextmanager
def drivers():
    """Give the module of the driver, over these."""
    contents = {one.__name__: one for one in CLASSES} | CONSTANTS
    contents["SpcmException"] = SpcmException
    parts = {one.__name__: one for one in PARTS}
    modules = {"spcm": contents, "spcm.classes_sequence": parts}
    with faked("ccqed_ctrl.controllers.spcm_tweezers", modules) as made:
        yield made
