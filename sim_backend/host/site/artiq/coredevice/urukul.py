"""Constants of the Urukul CPLD, and the fields of its status word."""

from artiq.language.core import portable

DEFAULT_PROFILE = 7

#: Bit of each field in the status word.
STA_RF_SW = 0
STA_SMP_ERR = 4
STA_PLL_LOCK = 8
STA_IFC_MODE = 12
STA_PROTO_REV = 16
STA_DROVER = 23


@portable
def urukul_sta_rf_sw(sta):
    """Return the four RF switch states."""
    return (sta >> STA_RF_SW) & 0xF


@portable
def urukul_sta_smp_err(sta):
    """Return the four synchronisation error bits."""
    return (sta >> STA_SMP_ERR) & 0xF


@portable
def urukul_sta_pll_lock(sta):
    """Return the four PLL lock bits."""
    return (sta >> STA_PLL_LOCK) & 0xF


@portable
def urukul_sta_ifc_mode(sta):
    """Return the position of the mode switches."""
    return (sta >> STA_IFC_MODE) & 0xF


@portable
def urukul_sta_proto_rev(sta):
    """Return the revision of the CPLD's protocol."""
    return (sta >> STA_PROTO_REV) & 0x7F


@portable
def urukul_sta_drover(sta):
    """Return the four digital ramp over bits."""
    return (sta >> STA_DROVER) & 0xF
