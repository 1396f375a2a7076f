"""What the stand-in site offers beyond its files, by module of ARTIQ and sipyco.

What has a twin *is* the twin's class or constant, so that `isinstance`, subclasses and
a laboratory's own drivers work. Everything else can be imported, subclassed and named
in annotations, and refuses when it is called.
"""

from __future__ import annotations

from collections.abc import Mapping
from fnmatch import fnmatchcase
from functools import cache
from types import ModuleType
from typing import Any, Final, NoReturn

from ccqed_ctrl.errors import DeviceError
from sim_backend.crate import catalogue
from sim_backend.crate.drivers import (
    ad53xx,
    ad9910,
    ad9910_registers,
    core,
    dma,
    edge_counter,
    fastino,
    grabber,
    i2c,
    kasli_i2c,
    sampler,
    spi2,
    ttl,
    urukul,
    zotino,
)
from sim_backend.crate.drivers import cache as core_cache

from . import dataset_db, datasets, devices, scheduler

#: Module, where its names are, and patterns of them.
TWINS: Final[tuple[tuple[str, ModuleType, str], ...]] = (
    (
        "artiq.coredevice.ad53xx",
        ad53xx,
        "AD53xx AD53XX_* SPI_AD53XX_CONFIG ad53xx_cmd_* voltage_to_mu",
    ),
    ("artiq.coredevice.ad9910", ad9910, "AD9910 *PHASE_MODE_* RAM_* DEFAULT_PROFILE"),
    ("artiq.coredevice.ad9910", ad9910_registers, "_AD9910_REG_*"),
    ("artiq.coredevice.cache", core_cache, "CoreCache"),
    ("artiq.coredevice.core", core, "Core"),
    ("artiq.coredevice.dma", dma, "CoreDMA DMARecordContextManager"),
    ("artiq.coredevice.edge_counter", edge_counter, "EdgeCounter CONFIG_*"),
    ("artiq.coredevice.fastino", fastino, "Fastino"),
    ("artiq.coredevice.grabber", grabber, "Grabber"),
    ("artiq.coredevice.i2c", i2c, "I2CSwitch PCF8574A TCA6424A"),
    ("artiq.coredevice.kasli_i2c", kasli_i2c, "KasliEEPROM port_mapping"),
    ("artiq.coredevice.sampler", sampler, "Sampler SPI_CONFIG adc_mu_to_volt"),
    ("artiq.coredevice.spi2", spi2, "SPIMaster SPI_*"),
    ("artiq.coredevice.ttl", ttl, "TTLOut TTLInOut TTLClockGen"),
    (
        "artiq.coredevice.urukul",
        urukul,
        "CPLD DEFAULT_PROFILE CFG_* CS_* SPI_CONFIG SPIT_* STA_* urukul_sta_*",
    ),
    ("artiq.coredevice.zotino", zotino, "Zotino"),
    ("artiq.master.databases", dataset_db, "DatasetDB"),
    ("artiq.master.scheduler", scheduler, "Scheduler"),
    ("artiq.master.worker_db", datasets, "DatasetManager"),
    ("artiq.master.worker_db", devices, "DeviceManager"),
    ("artiq.master.worker_impl", scheduler, "CCB Scheduler"),
)

#: Module to the names that refuse. Their constants are not here.
ABSENT: Final = {
    "artiq.applets.plot_hist": "HistogramPlot main",
    "artiq.applets.plot_xy": "XYPlot main",
    "artiq.applets.simple": "SimpleApplet TitleApplet AppletIPCClient "
    "AppletRequestIPC AppletRequestRPC",
    "artiq.coredevice.ad9834": "AD9834",
    "artiq.coredevice.ad9910": "SyncDataEeprom SyncDataUser",
    "artiq.coredevice.ad9912": "AD9912",
    "artiq.coredevice.ad9914": "AD9914",
    "artiq.coredevice.adf5356": "ADF5356 calculate_pll split_msb_lsb_28b",
    "artiq.coredevice.almazny": "AlmaznyChannel AlmaznyLegacy",
    "artiq.coredevice.comm_analyzer": "InputMessage OutputMessage StoppedMessage "
    "decode_dump decoded_dump_to_vcd get_analyzer_dump",
    "artiq.coredevice.comm_kernel": "CommKernel CommKernelDummy",
    "artiq.coredevice.comm_mgmt": "CommMgmt",
    "artiq.coredevice.comm_moninj": "CommMonInj",
    "artiq.coredevice.cxp_grabber": "CXPGrabber",
    "artiq.coredevice.dac34h84": "DAC34H84",
    "artiq.coredevice.hmc542b": "HMC542B",
    "artiq.coredevice.mirny": "Mirny",
    "artiq.coredevice.novogorny": "Novogorny",
    "artiq.coredevice.phaser": "Miqro Phaser PhaserChannel PhaserOscillator",
    "artiq.coredevice.phaser_drtio": "PhaserDDS PhaserMTDDS PhaserMTDDSChannel",
    "artiq.coredevice.shuttler": "ADC Config DCBias DDS Relay Trigger "
    "shuttler_volt_to_mu",
    "artiq.coredevice.songbird": "DDS Songbird volt_to_mu",
    "artiq.coredevice.spi2": "NRTSPIMaster",
    "artiq.coredevice.suservo": "Channel SUServo SharedDDS adc_mu_to_volts "
    "y_mu_to_full_scale",
    "artiq.coredevice.trf372017": "TRF372017",
    "artiq.coredevice.urukul": "CPLDVersion ProtoRev8 ProtoRev9",
    "artiq.frontend.artiq_run": "DummyScheduler main run",
    "sipyco.remote_exec": "connect_global_rpc simple_rexec_server_loop",
    "sipyco.sync_struct": "Publisher Subscriber",
}

#: Package to what is said of its names that refuse.
_REASONS: Final = {
    "artiq.applets": "shows itself in ARTIQ's dashboard, and none is installed",
    "artiq.coredevice": f"is not simulated; simulated are {catalogue.known()}",
    "artiq.frontend": "is of ARTIQ, which is not installed; `ccqed run` runs files",
    "sipyco": "is not in the stand-in; for it sipyco itself must be installed",
}


def absent(module: str, name: str) -> type:
    """Return a class that exists, and refuses with a `DeviceError` when it is called.

    It also stands for functions: they are only ever called.
    """
    package = next(key for key in _REASONS if f"{module}.".startswith(f"{key}."))
    sentence = f"{module}.{name} {_REASONS[package]}"

    def refuse(cls: type, *_arguments: Any, **_keywords: Any) -> NoReturn:
        whose = "" if cls.__name__ == name else f"{cls.__qualname__} cannot be made: "
        raise DeviceError(f"{whose}{sentence}")

    return type(
        name, (), {"__new__": refuse, "__module__": module, "__doc__": sentence}
    )


@cache
def offered(module: str) -> Mapping[str, Any]:
    """Return what a module offers beyond its file; nothing for modules there are not.

    The twin's names come first, in the order of its source.
    """
    found = {
        name: value
        for place, source, patterns in TWINS
        if place == module
        for name, value in vars(source).items()
        if any(fnmatchcase(name, pattern) for pattern in patterns.split())
    }
    return found | {
        name: absent(module, name) for name in ABSENT.get(module, "").split()
    }
