"""The vendor's emulated Basler camera, which serves image files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

#: Frames of 32 x 32, no two alike, with a pixel at full scale.
IMAGES = np.arange(6 * 32 * 32, dtype=np.uint16).reshape(6, 32, 32) * 7
IMAGES[:, 3, 5] = 65535

PROGRAM = (
    "-c",
    "import sys; from ccqed_ctrl.controllers.program import camera; sys.exit(camera())",
    *("--driver", "basler"),
)


def save_images(folder):
    """Write `IMAGES` as PNG of 16 bits; return the folder."""
    for number, image in enumerate(IMAGES):
        Image.fromarray(image).save(Path(folder) / f"{number}.png")
    return str(folder)


def features(folder):
    """Return the settings by which the camera serves a folder's images, untouched."""
    return {
        "PixelFormat": "Mono16",
        "TestImageSelector": "Off",
        "ImageFileMode": "On",
        "ImageFilename": folder,
        "Width": 32,
        "Height": 32,
        "TriggerSource": "Software",
    }


def words(settings):
    """Return settings as they are typed."""
    return [f"{name}={value}" for name, value in settings.items()]
