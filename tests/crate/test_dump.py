"""The core-analyzer dump, byte by byte and as ARTIQ itself decodes it."""

from __future__ import annotations

import struct

import pytest

from sim_backend.crate.dump import dump
from sim_backend.crate.rtio import Word
from sim_backend.host import is_embedded


def test_a_dump_of_one_event_byte_by_byte():
    found = dump([(Word(0x1234, 1, 5, 2, 7), 0x1000)], 0x2000)
    header = b"E" + struct.pack(">IQ", 64, 64) + bytes([0, 127, 1])
    event = struct.pack(">QIQQ", 7, 2, 0x1000, 0x1234) + (5 << 2).to_bytes(4, "big")
    stopped = struct.pack(">QIQQ", 0, 0, 0x2000, 0) + (3).to_bytes(4, "big")
    assert found == header + event + stopped


def test_wide_and_negative_data_are_cut_to_64_bits():
    found = dump([(Word(1, 1, 5, 0, -1), 0), (Word(2, 2, 5, 0, [3, 4]), 0)], 0)
    assert found[16:24] == b"\xff" * 8
    assert struct.unpack(">Q", found[48:56]) == (3,)


@pytest.mark.artiq
@pytest.mark.skipif(is_embedded("artiq"), reason="no real ARTIQ in this interpreter")
def test_artiq_decodes_what_was_dumped():
    from artiq.coredevice import comm_analyzer

    words = [Word(100 * n, n, 10 + n, n, 1000 + n) for n in range(4)]
    decoded = comm_analyzer.decode_dump(dump([(word, 50) for word in words], 999))
    *outputs, stopped = decoded.messages
    assert [
        (m.timestamp, m.channel, m.address, m.data, m.rtio_counter) for m in outputs
    ] == [(w.time_mu, w.channel, w.address, w.data, 50) for w in words]
    assert stopped.rtio_counter == 999
