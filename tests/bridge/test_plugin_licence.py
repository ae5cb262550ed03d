"""What is built from the plugin's sources is under JUCE's licence: every bundle brings its text along."""

from __future__ import annotations

import sys

import plugin_build
import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the plugin cannot be built there yet")

PLACES = {"VST3": "Contents/Resources/COPYING", "LV2": "COPYING"}


@pytest.mark.parametrize("format_name", PLACES)
def test_each_bundle_holds_the_gpl(format_name: str) -> None:
    text = (plugin_build.plugin(format_name) / PLACES[format_name]).read_text(encoding="utf-8")
    assert text.split()[:6] == ["GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,"]
    assert "END OF TERMS AND CONDITIONS" in text
