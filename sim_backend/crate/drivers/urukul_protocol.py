"""Urukul's registers on the wire: constants and the two protocol revisions."""

from __future__ import annotations

from ..chips.words import bits
from .spi2 import SPI_CS_POLARITY, SPI_END, SPI_INPUT

SPI_CONFIG = SPI_CS_POLARITY

SPIT_CFG_WR, SPIT_CFG_RD = 2, 16
SPIT_ATT_WR, SPIT_ATT_RD = 6, 16
SPIT_DDS_WR, SPIT_DDS_RD = 2, 16

CFG_RF_SW, CFG_LED, CFG_PROFILE = 0, 4, 8

STA_RF_SW, STA_SMP_ERR, STA_PLL_LOCK, STA_IFC_MODE = 0, 4, 8, 12
STA_PROTO_REV, STA_DROVER = 16, 23
STA_PROTO_REV_8, STA_PROTO_REV_9 = 0x08, 0x09

CS_CFG, CS_ATT, CS_DDS_MULTI = 1, 2, 3
CS_DDS_CH0, CS_DDS_CH1, CS_DDS_CH2, CS_DDS_CH3 = 4, 5, 6, 7

DEFAULT_PROFILE = 7


class Revision8:
    """Configuration register of protocol 8: 24 bits, profiles shared."""

    IO_UPDATE, MASK_NU, CLK_SEL0, CLK_SEL1 = 12, 13, 17, 21
    SYNC_SEL, RST, IO_RST, CLK_DIV = 18, 19, 20, 22
    OSK = DRCTL = DRHOLD = ATT_EN = None
    shared = True

    @staticmethod
    def write(bus, config):
        """Send the register."""
        bus.set_config_mu(SPI_CONFIG | SPI_END, 24, SPIT_CFG_WR, CS_CFG)
        bus.write(config << 8)

    @staticmethod
    def read(bus, config):
        """Send the register and return the status that comes back."""
        flags = SPI_CONFIG | SPI_END | SPI_INPUT
        bus.set_config_mu(flags, 24, SPIT_CFG_RD, CS_CFG)
        bus.write(config << 8)
        return bus.read()


class Revision9:
    """Configuration register of protocol 9: 52 bits, everything per channel."""

    OSK, DRCTL, DRHOLD, IO_UPDATE, MASK_NU = 20, 24, 28, 32, 36
    CLK_SEL0, CLK_SEL1, SYNC_SEL, RST, IO_RST = 40, 44, 41, 42, 43
    CLK_DIV, ATT_EN = 45, 47
    shared = False

    @staticmethod
    def _first(bus, config):
        bus.set_config_mu(SPI_CONFIG, 24, SPIT_CFG_WR, CS_CFG)
        bus.write(bits(config, 28, 24) << 8)

    @classmethod
    def write(cls, bus, config):
        """Send the register in two words."""
        cls._first(bus, config)
        bus.set_config_mu(SPI_CONFIG | SPI_END, 28, SPIT_CFG_WR, CS_CFG)
        bus.write(bits(config, 0, 28) << 4)

    @classmethod
    def read(cls, bus, config):
        """Send the register and return the status that comes back."""
        cls._first(bus, config)
        flags = SPI_CONFIG | SPI_END | SPI_INPUT
        bus.set_config_mu(flags, 28, SPIT_CFG_RD, CS_CFG)
        bus.write(bits(config, 0, 28) << 4)
        return bus.read()


REVISIONS = {STA_PROTO_REV_8: Revision8, STA_PROTO_REV_9: Revision9}
