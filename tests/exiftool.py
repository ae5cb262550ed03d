"""What ExifTool reads in WAV files: the one reader of `inst` and `acid` that is neither ours nor a sampler's own."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def tags(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """Name → value of every tag that it knows in each file, numbers as they stand there."""
    assert shutil.which("exiftool"), "exiftool is not installed"
    words = ["exiftool", "-json", "-n", *map(str, paths)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found
