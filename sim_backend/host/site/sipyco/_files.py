"""Replace a file in one step."""

import os
import tempfile
from pathlib import Path


def replace_text(filename, text):
    """Write `text` so that readers see the old file or the new one, nothing between."""
    target = Path(filename).absolute()
    with tempfile.NamedTemporaryFile(
        "w", dir=target.parent, delete=False, encoding="utf-8"
    ) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).replace(target)
