"""Disks that really fill, fail, vanish and lose power, for tests that run as root."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """A file system of its own, ext4 in a file; `root` is where it is mounted."""

    def __init__(self, image: Path, root: Path) -> None:
        self.image = image
        self.root = root

    def fill(self, leave: int = 0) -> Path:
        """Take all but `leave` bytes; removing the file that is returned frees them."""
        path = self.root / "filler"
        with path.open("wb", buffering=0) as file:
            for size in (1 << 16, 1 << 10):
                while True:
                    try:
                        file.write(b"x" * size)
                        os.fsync(file.fileno())
                    except OSError:
                        break
        os.truncate(path, max(0, path.stat().st_size - leave))
        return path

    def fail(self) -> None:
        """Make it as the kernel makes a disk on which it found an error: read-only."""
        _mount("-o", "remount,abort", self.root)

    def vanish(self) -> None:
        """Unmount it under whoever uses it, as a cable that is pulled."""
        subprocess.run(["umount", "--lazy", self.root], check=True)

    @contextmanager
    def after_power_cut(self) -> Iterator[Path]:
        """Give what a cut would have left now: what had reached the disk itself."""
        image, root = (self.image.with_suffix(suffix) for suffix in (".cut", ".after"))
        shutil.copyfile(self.image, image)
        with _mounted(image, root):
            yield root


@contextmanager
def disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Make a disk, or skip the test where that is not allowed."""
    if not (hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("mkfs.ext4")):
        pytest.skip("only root mounts a disk of its own (with mkfs.ext4)")
    image = folder / "disk.image"
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", image], check=True)
    with _mounted(image, folder / "disk") as root:
        yield Disk(image, root)


@contextmanager
def _mounted(image: Path, root: Path) -> Iterator[Path]:
    root.mkdir()
    try:
        _mount("-o", "loop", image, root)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"no disk may be mounted here: {error.stderr.strip()}")
    try:
        yield root
    finally:
        subprocess.run(["umount", "--lazy", root], check=False, capture_output=True)


def _mount(*arguments: str | Path) -> None:
    command = ["mount", *arguments]
    subprocess.run(command, check=True, capture_output=True, text=True)
