"""The databases of devices and datasets, from files."""

from pathlib import Path

from sipyco.sync_struct import update_from_dict

from sim_backend.host import devices
from sim_backend.host.on_demand import attributes

__getattr__ = attributes(__name__)


def device_db_from_file(filename):
    """Return the device database of a file, as the twin's."""
    return devices.load_device_db(Path(filename))


class DeviceDB(devices.DeviceDB):
    """The twin of a file's device database."""

    def __init__(self, backing_file):
        self.backing_file = backing_file
        super().__init__(device_db_from_file(backing_file))

    def scan(self):
        """Read the file again."""
        update_from_dict(self.data, device_db_from_file(self.backing_file))
