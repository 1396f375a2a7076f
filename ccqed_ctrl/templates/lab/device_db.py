"""The laboratory, device by device: a Kasli 2.0 and four network controllers.

Names of the core device's cards are those `artiq_ddb_template` gives; the laboratory's
own names are aliases, at the end. With CCQED_BACKEND=simulation in the environment the
same names lead to the twin.
"""

import os
from pathlib import Path

core_addr = "192.168.1.70"


def _local(module, name, **arguments):
    entry = {"type": "local", "module": f"artiq.coredevice.{module}", "class": name}
    return entry | ({"arguments": arguments} if arguments else {})


def _controller(port, command, **extra):
    return {"type": "controller", "host": "::1", "port": port, "command": command} | (
        extra
    )


device_db = {
    "core": _local(
        "core",
        "Core",
        host=core_addr,
        ref_period=1e-9,
        analyzer_proxy="core_analyzer",
        target="rv32g",
        satellite_cpu_targets={},
    ),
    "core_log": _controller(1068, "aqctl_corelog -p {port} --bind {bind} " + core_addr),
    "core_moninj": _controller(
        1384,
        "aqctl_moninj_proxy --port-proxy {port_proxy} --port-control {port} "
        "--bind {bind} " + core_addr,
        port_proxy=1383,
    ),
    "core_analyzer": _controller(
        1386,
        "aqctl_coreanalyzer_proxy --port-proxy {port_proxy} --port-control {port} "
        "--bind {bind} " + core_addr,
        port_proxy=1385,
    ),
    "core_cache": _local("cache", "CoreCache"),
    "core_dma": _local("dma", "CoreDMA"),
    "i2c_switch0": _local("i2c", "I2CSwitch", address=0xE0),
    "i2c_switch1": _local("i2c", "I2CSwitch", address=0xE2),
}

# EEM0: DIO, four inputs with counters, four outputs. EEM1: DIO, eight outputs.
for _n in range(4):
    device_db[f"ttl{_n}"] = _local("ttl", "TTLInOut", channel=_n)
    device_db[f"ttl{_n}_counter"] = _local(
        "edge_counter", "EdgeCounter", channel=0x08 + _n
    )
for _n in range(4, 8):
    device_db[f"ttl{_n}"] = _local("ttl", "TTLOut", channel=_n)
for _n in range(8, 16):
    device_db[f"ttl{_n}"] = _local("ttl", "TTLOut", channel=0x04 + _n)


def _urukul(card, eem, channel):
    """Add an Urukul with four AD9910, clocked and synchronised by the Kasli."""
    name, spi = f"urukul{card}", f"spi_urukul{card}"
    device_db[f"eeprom_{name}"] = _local(
        "kasli_i2c",
        "KasliEEPROM",
        port=eem,
        busno=0,
        sw0_device="i2c_switch0",
        sw1_device="i2c_switch1",
    )
    device_db[spi] = _local("spi2", "SPIMaster", channel=channel)
    device_db[f"ttl_{name}_sync"] = _local(
        "ttl", "TTLClockGen", channel=channel + 1, acc_width=4
    )
    device_db[f"ttl_{name}_io_update"] = _local("ttl", "TTLOut", channel=channel + 2)
    device_db[f"{name}_cpld"] = _local(
        "urukul",
        "CPLD",
        spi_device=spi,
        sync_device=f"ttl_{name}_sync",
        io_update_device=f"ttl_{name}_io_update",
        refclk=125e6,
        clk_sel=2,
        clk_div=0,
        proto_rev=9,
    )
    for n in range(4):
        switch, delays = f"ttl_{name}_sw{n}", f"eeprom_{name}:{64 + 4 * n}"
        device_db[switch] = _local("ttl", "TTLOut", channel=channel + 3 + n)
        device_db[f"{name}_ch{n}"] = _local(
            "ad9910",
            "AD9910",
            pll_n=32,
            pll_en=1,
            chip_select=4 + n,
            cpld_device=f"{name}_cpld",
            sw_device=switch,
            sync_delay_seed=delays,
            io_update_delay=delays,
        )


_urukul(0, "EEM2", 0x14)
_urukul(1, "EEM4", 0x1B)

device_db |= {
    "spi_zotino0": _local("spi2", "SPIMaster", channel=0x22),
    "ttl_zotino0_ldac": _local("ttl", "TTLOut", channel=0x23),
    "ttl_zotino0_clr": _local("ttl", "TTLOut", channel=0x24),
    "zotino0": _local(
        "zotino",
        "Zotino",
        spi_device="spi_zotino0",
        ldac_device="ttl_zotino0_ldac",
        clr_device="ttl_zotino0_clr",
    ),
    "spi_sampler0_adc": _local("spi2", "SPIMaster", channel=0x25),
    "spi_sampler0_pgia": _local("spi2", "SPIMaster", channel=0x26),
    "ttl_sampler0_cnv": _local("ttl", "TTLOut", channel=0x27),
    "sampler0": _local(
        "sampler",
        "Sampler",
        spi_adc_device="spi_sampler0_adc",
        spi_pgia_device="spi_sampler0_pgia",
        cnv_device="ttl_sampler0_cnv",
        hw_rev="v2.2",
    ),
    # Each needs `--driver NAME` of your laboratory, too.
    "camera": _controller(3280, "aqctl_ccqed_camera -p {port} --bind {bind}"),
    "dmd": _controller(3281, "aqctl_ccqed_dmd -p {port} --bind {bind}"),
    "tweezers": _controller(3282, "aqctl_ccqed_tweezers -p {port} --bind {bind}"),
    "lock": _controller(3284, "aqctl_ccqed_lock -p {port} --bind {bind}"),
}
for _n in range(3):
    device_db[f"led{_n}"] = _local("ttl", "TTLOut", channel=0x28 + _n)

# What this laboratory believes of itself, by an absolute path: workers change folders.
device_db["laboratory"] = {
    "type": "local",
    "module": "ccqed_ctrl.belief",
    "class": "Laboratory",
    "arguments": {"path": str(Path(__file__).resolve().with_name("laboratory.toml"))},
}

# What the laboratory calls them. Zotino channel 0 is the pump servo's set-point.
device_db |= {
    "ttl_camera": "ttl4",
    "ttl_prepare": "ttl5",
    "noise_gate": "ttl6",
    "pump_plus": "urukul0_ch0",
    "pump_minus": "urukul0_ch1",
    "longitudinal": "urukul0_ch2",
    "local_oscillator": "urukul0_ch3",
    "pump_plus_switch": "ttl_urukul0_sw0",
    "pump_minus_switch": "ttl_urukul0_sw1",
    "longitudinal_switch": "ttl_urukul0_sw2",
    "local_oscillator_switch": "ttl_urukul0_sw3",
    "pump_servo": "zotino0",
    "photodiodes": "sampler0",
    # A weak probe through the cavity, and what counts its photons.
    "probe": "urukul1_ch0",
    "transmission": "ttl1_counter",
}

if os.environ.get("CCQED_BACKEND") == "simulation":
    from sim_backend.ddb import simulate

    simulate(device_db, plant="sim_backend.laboratory")
