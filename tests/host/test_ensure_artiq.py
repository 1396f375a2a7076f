"""An installed ARTIQ wins; the embedded one only fills a gap."""

import os
import subprocess
import sys
from pathlib import Path

import artiq
import pytest

from sim_backend.host import SITE, ensure_artiq, is_embedded

ROOT = Path(__file__).parents[2]


def run(code: str, *path: Path) -> subprocess.CompletedProcess:
    """Run code in an interpreter with these folders first on the path."""
    folders = os.pathsep.join(map(str, [*path, ROOT]))
    return subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": folders},
        capture_output=True,
        text=True,
        check=False,
    )


ENSURE = (
    "from sim_backend.host import ensure_artiq; print(ensure_artiq());"
    "import artiq; print(artiq.__version__); import sipyco; print(sipyco.__file__)"
)


def package(folder: Path, name: str, text: str) -> None:
    (folder / name).mkdir()
    (folder / name / "__init__.py").write_text(text)


def test_twice_is_once():
    before = ensure_artiq(), list(sys.path)
    assert (ensure_artiq(), list(sys.path)) == before


@pytest.mark.skipif(not is_embedded("artiq"), reason="a real ARTIQ is installed")
def test_the_embedded_one_says_so():
    assert artiq.__version__ == "9.0+ccqed.embedded"


def test_an_installed_artiq_wins(tmp_path):
    package(tmp_path, "artiq", "__version__ = '42'")
    lines = run(ENSURE, tmp_path).stdout.split()
    assert lines[:2] == ["False", "42"]


def test_an_installed_sipyco_wins_beside_the_embedded_artiq(tmp_path):
    if not is_embedded("artiq"):
        pytest.skip("a real ARTIQ is installed")
    package(tmp_path, "sipyco", "")
    lines = run(ENSURE, tmp_path).stdout.split()
    assert lines == [
        "True",
        "9.0+ccqed.embedded",
        str(tmp_path / "sipyco" / "__init__.py"),
    ]


def test_a_broken_installation_raises(tmp_path):
    package(tmp_path, "artiq", "raise ImportError('half installed')")
    done = run(ENSURE, tmp_path)
    assert done.returncode == 1
    assert "half installed" in done.stderr


def test_a_folder_of_that_name_is_not_an_installation(tmp_path):
    if not is_embedded("artiq"):
        pytest.skip("a real ARTIQ is installed")
    (tmp_path / "artiq").mkdir()
    assert run(ENSURE, tmp_path).stdout.split()[0] == "True"


def test_the_site_holds_packages_but_is_none():
    assert sorted(path.name for path in SITE.iterdir() if path.is_dir()) == [
        "artiq",
        "sipyco",
    ]
    assert not (SITE / "__init__.py").exists()
