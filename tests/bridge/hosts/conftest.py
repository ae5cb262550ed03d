"""What the tests in other people's hosts start from: the built plugin, and an engine of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import plugin_build
import pytest
from plugin_rig import ServingEngine


@pytest.fixture(scope="session")
def vst3() -> Path:
    return plugin_build.plugin("VST3")


@pytest.fixture(scope="session")
def lv2() -> Path:
    return plugin_build.plugin("LV2")


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingEngine]:
    """One engine for all tests that do not end it."""
    with ServingEngine(tmp_path_factory.mktemp("link")) as serving:
        yield serving


@pytest.fixture
def own_engine(tmp_path: Path) -> Iterator[ServingEngine]:
    """An engine that the test may end."""
    with ServingEngine(tmp_path) as serving:
        yield serving
