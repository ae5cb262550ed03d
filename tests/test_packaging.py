"""What an install puts where: the wheel that `pip install .` builds and unpacks."""

from __future__ import annotations

import email
import re
import subprocess
import sys
import zipfile
from pathlib import Path, PurePosixPath

import pytest

CHECKOUT = Path(__file__).resolve().parent.parent
PACKAGES = ("bridge", "engine", "trainer")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The project's wheel, built outside the checkout. Optimising is switched off, since nobody runs it."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", str(CHECKOUT), "--no-deps", "--no-build-isolation", "--no-index"]
    settings = ["-C", f"build-dir={folder / 'build'}", "-C", "cmake.build-type=Debug"]
    result = subprocess.run(
        [*command, *settings, "--wheel-dir", str(folder)], capture_output=True, text=True, timeout=500, check=False
    )
    assert result.returncode == 0, result.stdout + result.stderr
    (path,) = folder.glob("producergan-*.whl")
    return zipfile.ZipFile(path)


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    (path,) = (path for path in wheel.namelist() if path.endswith(f".dist-info/{name}"))
    return wheel.read(path).decode()


def requirements(wheel: zipfile.ZipFile) -> list[str]:
    lines = email.message_from_string(metadata(wheel, "METADATA")).get_all("Requires-Dist") or []
    return [line.replace('"', "'") for line in lines]


def test_only_the_three_packages_stand_in_site_packages(wheel: zipfile.ZipFile) -> None:
    tops = {PurePosixPath(path).parts[0] for path in wheel.namelist()}
    assert {top for top in tops if not top.startswith("producergan-")} == set(PACKAGES)


def test_every_python_module_and_the_sampler_are_there(wheel: zipfile.ZipFile) -> None:
    names = set(wheel.namelist())
    modules = [path.relative_to(CHECKOUT).as_posix() for name in PACKAGES for path in (CHECKOUT / name).rglob("*.py")]
    assert [path for path in modules if path not in names] == []
    assert any(path.startswith("engine/_native.") for path in names)


def test_no_sources_of_the_sampler_are_installed(wheel: zipfile.ZipFile) -> None:
    assert [path for path in wheel.namelist() if path.endswith((".cpp", ".hpp"))] == []


def test_presets_are_data_under_a_path_of_the_projects_own(wheel: zipfile.ZipFile) -> None:
    (version,) = {PurePosixPath(path).parts[0] for path in wheel.namelist() if ".data/" in path}
    data = f"{version}/data/share/producergan/presets/"
    installed = {path.removeprefix(data) for path in wheel.namelist() if path.startswith(data)}
    presets = CHECKOUT / "presets"
    bundled = {
        path.relative_to(presets).as_posix()
        for ending in ("toml", "onnx", "mid")
        for path in presets.rglob(f"*.{ending}")
    }
    assert bundled
    assert bundled <= installed
    assert not [path for path in wheel.namelist() if ".data/" in path and not path.startswith(data)]


def test_the_three_commands_are_installed(wheel: zipfile.ZipFile) -> None:
    lines = {line.strip() for line in metadata(wheel, "entry_points.txt").splitlines()}
    assert {f"{program} = {program}.cli:main" for program in PACKAGES} <= {
        line.replace("=", " = ").replace("  ", " ") for line in lines
    }


def test_each_extra_brings_one_build_of_onnxruntime_at_most(wheel: zipfile.ZipFile) -> None:
    required = requirements(wheel)
    runtimes = [line for line in required if line.startswith("onnxruntime")]
    assert len(runtimes) == 2
    assert sum("extra == 'cpu'" in line for line in runtimes) == 1
    assert sum("extra == 'gpu'" in line for line in runtimes) == 1


def test_torch_stays_out_of_what_playing_installs(wheel: zipfile.ZipFile) -> None:
    required = requirements(wheel)
    torch = [line for line in required if line.startswith("torch")]
    assert torch == ["torch==2.13.0; extra == 'train'"]


def test_every_requirement_is_pinned_in_the_constraints(wheel: zipfile.ZipFile) -> None:
    required = requirements(wheel)

    def plain(text: str) -> str:
        return re.sub(r"[-_.]+", "-", re.split(r"[^\w.-]", text)[0]).lower()

    pinned = {plain(line) for line in (CHECKOUT / "constraints.txt").read_text().splitlines() if "==" in line}
    assert sorted({plain(line) for line in required} - pinned) == []
