"""Another laboratory: a Kasli with one Urukul, eight TTLs and a Fastino; no camera.

A laser behind an AOM shines on a photomultiplier; the Fastino moves a mirror.
"""

import os


def _local(module, name, **arguments):
    return {
        "type": "local",
        "module": f"artiq.coredevice.{module}",
        "class": name,
        "arguments": arguments,
    }


device_db = {
    "core": _local("core", "Core", host="192.0.2.7", ref_period=1e-9, target="rv32g"),
    "core_log": {
        "type": "controller",
        "host": "::1",
        "port": 1068,
        "command": "aqctl_corelog -p {port} --bind {bind} 192.0.2.7",
    },
    "core_dma": _local("dma", "CoreDMA"),
    "spi_urukul0": _local("spi2", "SPIMaster", channel=8),
    "ttl_urukul0_io_update": _local("ttl", "TTLOut", channel=9),
    "urukul0_cpld": _local(
        "urukul",
        "CPLD",
        spi_device="spi_urukul0",
        io_update_device="ttl_urukul0_io_update",
        refclk=100e6,
        clk_sel=1,
        proto_rev=8,
    ),
    "fastino0": _local("fastino", "Fastino", channel=14),
    # Not simulated; nothing here asks for it.
    "phaser0": _local("phaser", "Phaser", channel_base=20),
    "wavemeter": {"type": "controller", "host": "::1", "port": 3290},
    "photomultiplier": "ttl0",
    "laser": "urukul0_ch0",
    "mirror": "fastino0",
}
for _n in range(4):
    device_db[f"ttl{_n}"] = _local("ttl", "TTLInOut", channel=_n)
    device_db[f"ttl{4 + _n}"] = _local("ttl", "TTLOut", channel=4 + _n)
    device_db[f"ttl_urukul0_sw{_n}"] = _local("ttl", "TTLOut", channel=10 + _n)
    device_db[f"urukul0_ch{_n}"] = _local(
        "ad9910",
        "AD9910",
        pll_n=40,
        chip_select=4 + _n,
        cpld_device="urukul0_cpld",
        sw_device=f"ttl_urukul0_sw{_n}",
    )

if os.environ.get("CCQED_BACKEND") == "simulation":
    from sim_backend.ddb import simulate

    simulate(device_db, plant="lamp")
