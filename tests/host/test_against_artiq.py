"""The embedded stand-ins against an installed ARTIQ and sipyco, fact by fact."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from sim_backend.host import SITE, is_embedded

SURFACE = Path(__file__).parent / "surface.py"


def facts(*first_on_path: Path) -> list[str]:
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(map(str, [*first_on_path, *sys.path[1:]]))
    }
    done = subprocess.run(
        [sys.executable, str(SURFACE)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_the_facts_are_there():
    # Without this the comparison could pass by saying nothing.
    assert len(facts(SITE)) > 450


@pytest.mark.artiq
@pytest.mark.skipif(is_embedded("artiq"), reason="no real ARTIQ is installed")
def test_the_embedded_artiq_is_artiq_for_all_it_offers():
    assert facts(SITE) == facts()
