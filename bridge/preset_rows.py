"""What `presets` tells of each preset's file: read once, and again when the file has changed."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from bridge.link_connection import fit
from bridge.link_table import LONGEST_NAME, LONGEST_PATH, LONGEST_SENTENCE, MOST_PRESETS
from engine.data import bundled_presets
from engine.errors import UserError
from engine.preset import Preset
from engine.programs import presets_in

Row = list[str]  # name, path, about
MOST_KEPT = 2 * MOST_PRESETS  # files whose rows are kept, those asked for last


class PresetRows:
    """The rows of files, for all who ask. [guests-thread]"""

    def __init__(self) -> None:
        self._kept: dict[Path, tuple[tuple[int, ...], Row | None]] = {}  # → what the file was like when it was read

    def row(self, path: Path) -> Row | None:
        """What is told of a preset's file; None of one that cannot be read."""
        try:
            status = path.stat()
        except OSError:
            return None
        like = status.st_mtime_ns, status.st_size, status.st_ino
        kept = self._kept.pop(path, None)
        if kept is None or kept[0] != like:
            kept = like, _read(path)
        self._kept[path] = kept
        if len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return kept[1]


class Listing:
    """One answer to `presets`: the bundled presets and those of a folder, looked at a few at a time. [guests-thread]"""

    def __init__(self, known: PresetRows, folder: str) -> None:
        paths = list(bundled_presets().values())
        with contextlib.suppress(OSError):  # a folder that only a song's text names
            paths += [path for path in presets_in(Path(folder)) if folder and path not in paths]
        self.rows: list[Row] = []
        self._known = known
        self._left = paths[MOST_PRESETS - 1 :: -1]  # the next one last

    def go_on(self, over: Callable[[], bool]) -> bool:
        """Looks at files until the time is `over`, at one at least; True if `rows` has all."""
        while self._left:
            row = self._known.row(self._left.pop())
            if row is not None:
                self.rows.append(row)
            if over():
                break
        return not self._left


def _read(path: Path) -> Row | None:
    try:
        preset = Preset.read(path)
    except UserError:
        return None
    sizes = LONGEST_NAME, LONGEST_PATH, LONGEST_SENTENCE
    return [fit(text, size) for text, size in zip((preset.name, str(path), preset.about), sizes, strict=True)]
