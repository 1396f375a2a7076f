"""The RTIO core: events queued by the CPU, played in time order, inputs read back."""

from __future__ import annotations

import heapq
import logging
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from artiq.coredevice.exceptions import RTIOOverflow, RTIOUnderflow

from ccqed_ctrl.errors import TimelineError

from .chips.phy import Gate, Phy, Player
from .lanes import LANE_DEPTH, LANES, Lanes
from .slack import CostModel, SlackMeter, place
from .time_manager import TimeManager

logger = logging.getLogger(__name__)

#: Coarse cycles an output event must lie ahead of the counter (gateware/rtio/core.py).
MARGIN = 12
#: Coarse cycles from an output event's time to its pin. Inputs are stamped when they
#: are seen: what an output causes bears a later time, as in ARTIQ's loopback test.
OUTPUT_LATENCY = 11
#: Queued events from which on the past is played while a kernel runs, so that endless
#: kernels fit; more than the lanes hold.
BACKLOG = 4 * LANES * LANE_DEPTH
#: Output events kept for the analyzer; older ones are overwritten. A Kasli has 512 KiB
#: for them, at 32 bytes each.
ANALYZED = 1 << 14
#: Error reports kept; the log has all of them.
REPORTS = 1 << 12


class Word(NamedTuple):
    """One output event as the gateware sees it; `order` tells which replaces which."""

    time_mu: int
    order: int
    channel: int
    address: int
    data: Any


class Rtio:
    """Counter, output queue, input FIFOs and the error reports of one core device.

    `counter` is the time in mu that the hardware has reached; it moves by the CPU costs
    and by blocking reads. Everything up to some time at or before it may be played.
    """

    def __init__(
        self, link: Any, cursor: TimeManager, costs: CostModel, multiplier: int
    ) -> None:
        self.link = link
        self.cursor = cursor
        self.costs = costs
        self.multiplier = multiplier
        self.counter = 0
        self.kernel = ""
        #: Tells where in the source the CPU is, as file:line.
        self.where: Callable[[], str] = _place
        self.meter = SlackMeter()
        self.errors: list[str] = []
        self.trace: list[Word] | None = None
        self.submitted: deque[tuple[Word, int]] = deque(maxlen=ANALYZED)
        self.interleaved = 0
        #: Before which output events, from 0, the CPU stands still, for how long, s.
        self.stalls: Mapping[int, float] = {}
        self._events = 0
        self._queue: list[Word] = []
        self._order = 0
        self._lanes = Lanes()
        self._phys: dict[int, Phy] = {}
        self._players: list[Player] = []
        self._gates: list[Gate] = []
        self._inputs: dict[int, deque[tuple[int, int]]] = {}
        self._overflowed: set[int] = set()
        self._moving = False
        self._interrupted = False

    def connect(self, channel: int, phy: Phy) -> None:
        """Put the gateware of one channel on the bus."""
        self._phys[channel] = phy
        self._inputs[channel] = deque()

    def phy(self, channel: int) -> Phy:
        """Return what is connected to a channel.

        Raises
        ------
        TimelineError
            Nothing is.
        """
        if channel not in self._phys:
            raise TimelineError(f"RTIO channel {channel:#06x} has no card on the board")
        return self._phys[channel]

    def add_player(self, player: Player) -> None:
        """Register a chip that makes output of its own as time passes."""
        self._players.append(player)

    def add_gate(self, gate: Gate) -> None:
        """Register an input that gathers edges while it is open."""
        self._gates.append(gate)

    # The CPU's side

    def spend(self, seconds: float) -> None:
        """Let the CPU work for a while."""
        self.counter += round(seconds / self.cursor.ref_period)

    def output(self, channel: int, address: int, data: Any) -> None:
        """Submit an output event at the cursor.

        Raises
        ------
        RTIOUnderflow
            The cursor is not far enough ahead of the counter; the event is lost.
        TimelineError
            Inside `with interleave`: the compiler refuses most driver calls there, and
            truncates delays where it does not.
        """
        if self.interleaved:
            key = self._phys[channel].key
            message = (
                f"{key} is driven inside `with interleave`: ARTIQ's compiler refuses "
                "that, or moves it by 1 mu; use `with parallel`"
            )
            raise TimelineError(message)
        self._order += 1
        word = Word(self.cursor.now, self._order, channel, address, data)
        if self.trace is not None:
            self.spend(self.costs.dma_record)
            self.trace.append(word)
            return
        self.spend(self.costs.output)
        self._submit(word)

    def take(self, words: Iterable[tuple[int, int, int, Any]]) -> None:
        """Submit (time_mu, counter, target, data) of a CPU that keeps the time itself.

        The CPU goes on at `counter`, which is later than its own where it was blocked.

        Raises
        ------
        RTIOUnderflow
            As `output`; the words after it are lost.
        """
        for time_mu, counter, target, data in words:
            self.counter = max(self.counter, counter)
            self._order += 1
            target &= 0xFFFFFFFF
            word = Word(time_mu, self._order, target >> 8, target & 0xFF, data)
            if self.trace is None:
                self._submit(word)
            else:
                self.trace.append(word)

    def room(self) -> int:
        """Return how many words a CPU that keeps the time may hold back for `take`.

        The last of them may block it, or be held up; until then nothing does.
        """
        if self.stalls:
            return 1
        return self._lanes.room(self.counter // self.multiplier)

    def replay(self, words: list[Word], start_mu: int) -> None:
        """Submit a recorded trace relative to a time, as the DMA core does."""
        self.spend(self.costs.dma_start)
        for word in words:
            self.spend(self.costs.dma_event)
            self._order += 1
            time_mu = start_mu + word.time_mu
            self._submit(word._replace(time_mu=time_mu, order=self._order))

    def _submit(self, word: Word) -> None:
        if self.stalls:
            self.spend(self.stalls.get(self._events, 0.0))
        self._events += 1
        slack = word.time_mu - self.counter
        key = self.phy(word.channel).key
        self.meter.note(slack, key, self.kernel, self.where)
        coarse = word.time_mu // self.multiplier
        if coarse <= self.counter // self.multiplier + MARGIN:
            message = (
                f"RTIO underflow at channel {word.channel:#06x}:{key}, "
                f"{word.time_mu} mu, slack {slack} mu"
            )
            if self.cursor.put_back:
                message += f"; a negative delay at {self.cursor.put_back} put it there"
            error = RTIOUnderflow(message)
            error.channel = word.channel
            error.slack_mu = slack
            raise error
        self.submitted.append((word, self.counter))
        if not self._lanes.accept(coarse):
            self._report("sequence error", word.channel)
            return
        heapq.heappush(self._queue, word)
        free = self._lanes.blocked_until(self.counter // self.multiplier)
        self.counter = max(self.counter, free * self.multiplier)
        if len(self._queue) > BACKLOG:
            self.play(self.counter)

    def input_timestamp(self, channel: int, timeout_mu: int) -> int:
        """Return the time of the next input event, -1 if none came by the timeout."""
        event = self.read(channel, timeout_mu)
        return -1 if event is None else event[0]

    def input_data(self, channel: int) -> int:
        """Block until the next input event and return its data."""
        event = self.read(channel, None)
        if event is None:
            key = self._phys[channel].key
            message = (
                f"reading {key} would wait for ever: no input event is queued and no "
                "output event will cause one"
            )
            raise TimelineError(message)
        return event[1]

    def input_timestamped_data(self, channel: int, timeout_mu: int) -> tuple[int, int]:
        """Return (time, data) of the next input event, (-1, 0) after the timeout."""
        if timeout_mu < 0:
            event = self.read(channel, None)
            if event is None:
                self.input_data(channel)
        else:
            event = self.read(channel, timeout_mu)
        return (-1, 0) if event is None else event

    def read(self, channel: int, timeout_mu: int | None) -> tuple[int, int] | None:
        """Wait for an input event; None at the timeout, or if none can ever come."""
        self.play(self.counter)
        waiting = self._inputs[channel]
        while not waiting and channel not in self._overflowed:
            step = self._next_step(channel, timeout_mu)
            if step is None:
                return None
            self.counter = max(self.counter, step)
            self.play(self.counter)
            if not waiting and timeout_mu is not None and step >= timeout_mu:
                return None
        self.spend(self.costs.input)
        if channel in self._overflowed:
            self._overflowed.discard(channel)
            key = self._phys[channel].key
            raise RTIOOverflow(f"RTIO input overflow on channel {channel:#06x}:{key}")
        event = waiting.popleft()
        latency = round(self.costs.input_latency / self.cursor.ref_period)
        seen = event[0] - OUTPUT_LATENCY * self.multiplier
        self.counter = max(self.counter, seen + latency)
        return event

    def _next_step(self, channel: int, timeout_mu: int | None) -> int | None:
        """Return how far time may go before the CPU could see something new."""
        steps = [self._queue[0].time_mu] if self._queue else []
        steps += [
            gate.next_look(self.counter)
            for gate in self._gates
            if gate.channel == channel and gate.is_open
        ]
        if timeout_mu is not None:
            steps.append(max(timeout_mu, self.counter))
        return max(min(steps), self.counter) if steps else None

    def push_input(self, channel: int, time_mu: int, data: int) -> None:
        """Put an input event into its FIFO; a full FIFO is an overflow."""
        waiting = self._inputs[channel]
        if len(waiting) >= self._phys[channel].fifo_depth:
            self._overflowed.add(channel)
            return
        waiting.append((time_mu + OUTPUT_LATENCY * self.multiplier, data))

    def reset(self) -> None:
        """Forget queued output, waiting input and errors of the FIFOs."""
        self.spend(self.costs.reset)
        self.play(self.counter)
        self._queue.clear()
        self._lanes = Lanes()
        self._overflowed.clear()
        for waiting in self._inputs.values():
            waiting.clear()

    # The wires' side

    def drop(self) -> None:
        """Forget what is queued: the kernel that wanted it was interrupted."""
        self._queue.clear()
        self._lanes = Lanes()
        self.trace = None
        self.cursor.now = self.counter

    def last_mu(self) -> int:
        """Return the time of the last queued event, or the counter."""
        return max((word.time_mu for word in self._queue), default=self.counter)

    def interrupt(self) -> bool:
        """Return whether `play` will raise KeyboardInterrupt, once the wires rest.

        Half a step would leave chips and plant where no kernel could make them safe
        again. Who asks twice is not kept waiting.
        """
        self._interrupted = self._moving and not self._interrupted
        return self._interrupted

    def play(self, until_mu: int) -> None:
        """Let everything queued up to `until_mu` happen, the plant included.

        Raises
        ------
        KeyboardInterrupt
            `interrupt` was called meanwhile.
        """
        self._moving = True
        try:
            self._play(until_mu)
        finally:
            self._moving = False
            if self._interrupted:
                self._interrupted = False
                raise KeyboardInterrupt

    def _play(self, until_mu: int) -> None:
        while self._queue and self._queue[0].time_mu <= until_mu:
            cycle = self._queue[0].time_mu // self.multiplier
            batch = []
            while self._queue and self._queue[0].time_mu // self.multiplier == cycle:
                batch.append(heapq.heappop(self._queue))
            for word in self._survivors(batch):
                self._phys[word.channel].write(word.time_mu, word.address, word.data)
        self._settle(until_mu)
        self.link.sync(until_mu)

    def observe(self, channel: str, signal: str, time_mu: int) -> float:
        """Ask the plant for what an input sees, everything before having happened."""
        self._settle(time_mu)
        return float(self.link.observe(channel, signal, time_mu))

    def _settle(self, until_mu: int) -> None:
        for player in self._players:
            player.play(until_mu)
        for gate in self._gates:
            gate.collect(until_mu)

    def _survivors(self, batch: list[Word]) -> list[Word]:
        """Replace or drop events of one channel in one coarse cycle, as SED does."""
        if len(batch) == 1:
            return batch
        last: dict[int, Word] = {}
        collided: set[int] = set()
        for word in sorted(batch, key=lambda word: word.order):
            earlier = last.get(word.channel)
            if earlier is not None and not (
                self._phys[word.channel].replaces
                and (earlier.time_mu, earlier.address) == (word.time_mu, word.address)
            ):
                collided.add(word.channel)
            last[word.channel] = word
        for channel in sorted(collided):
            self._report("collision", channel)
        kept = (word for word in last.values() if word.channel not in collided)
        # What happens at one instant has no order: not that of the kernel's statements.
        return sorted(kept, key=lambda word: (word.time_mu, word.channel))

    def busy(self, channel: int) -> None:
        """Report that an event came while its channel was still busy."""
        self._report("busy error", channel)

    def _report(self, what: str, channel: int) -> None:
        key = self._phys[channel].key
        message = f"RTIO {what} involving channel {channel:#06x}:{key}"
        if len(self.errors) < REPORTS:
            self.errors.append(message)
        logger.error("%s", message)


def _place() -> str:
    return place(4)
