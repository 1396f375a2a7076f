"""Save what an applet of ARTIQ's draws: `applet_seen.py OUT MODULE ARGUMENTS...`.

The applet runs as it would beside a master, and ends when it has drawn.
"""

import importlib
import os
import sys

import numpy as np
import PyQt6  # noqa: F401  before pyqtgraph, which else may take another Qt
import pyqtgraph
from artiq.applets import simple

out, module, *sys.argv[1:] = sys.argv[1:]
create = simple.SimpleApplet.create_main_widget


def seen(widget):
    """Return the picture as rows of pixels, or the points of a plot, with its bars."""
    if isinstance(widget, pyqtgraph.ImageView):
        item = widget.getImageItem()
        item.render()
        return {"picture": pyqtgraph.functions.ndarray_from_qimage(item.qimage)}
    (curve,) = widget.getPlotItem().listDataItems()
    x, y = curve.getOriginalDataset()
    bars = [
        item.opts["height"]
        for item in widget.getPlotItem().items
        if isinstance(item, pyqtgraph.ErrorBarItem)
    ]
    return {"x": x, "y": y, "bars": np.array(bars)}


def create_and_watch(applet):
    """Make the widget; what it has drawn first ends the process."""
    create(applet)
    draw = applet.main_widget.data_changed

    def drawn(*arguments, **options):
        draw(*arguments, **options)
        np.savez(out, **seen(applet.main_widget))
        os._exit(0)

    applet.main_widget.data_changed = drawn


simple.SimpleApplet.create_main_widget = create_and_watch
importlib.import_module(module).main()
