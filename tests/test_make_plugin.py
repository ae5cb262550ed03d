"""`make plugin` from a fresh clone builds the plugin and says where it is; then it has nothing to do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
BUILD_SECONDS = 3000.0


@pytest.mark.long
@pytest.mark.timeout(2 * BUILD_SECONDS)
@pytest.mark.skipif(not (CHECKOUT / ".git").exists(), reason="not a git checkout")
def test_make_plugin_builds_from_a_fresh_clone(tmp_path: Path) -> None:
    folder = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", str(CHECKOUT), str(folder)], check=True)
    environment = {name: value for name, value in os.environ.items() if name not in ("VIRTUAL_ENV", "MAKEFLAGS")}
    environment["HOME"] = str(tmp_path)  # where none is installed

    def make() -> list[str]:
        done = subprocess.run(
            ["make", "plugin"], cwd=folder, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS
        )
        assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-4000:]
        return done.stdout.splitlines()

    paths = make()[-2:]
    assert [Path(path).name for path in paths] == ["ProducerGAN.vst3", "ProducerGAN.lv2"]
    for path in paths:
        assert list(Path(path).rglob("*ProducerGAN.so"))
    assert any("no work to do" in line for line in make())
