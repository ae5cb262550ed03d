"""The dataset folder: clips that training maps into memory, and where each of them came from.

dataset.json   format, sample_rate, channels, clip_frames, clip_count, digest, mode, version
clips.npy      float32 [clips, channels, frames], memory-mapped by the reader
clips.jsonl    one line a clip: source, offset (seconds), gain, label, digest
report.json    what was used, what was not, and why; and what the doctor found
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib.metadata
import json
import mmap
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from engine.files import check_folder_of
from trainer.clip_length import LEGAL_FRAMES

FORMAT = 1
HEAD, CLIPS, SOURCES, REPORT = "dataset.json", "clips.npy", "clips.jsonl", "report.json"


@dataclass(frozen=True)
class Dataset:
    """A dataset folder opened for reading."""

    path: Path
    clips: NDArray[np.float32]
    """Memory-mapped float32 [clips, channels, frames] in [−1, 1]; read-only."""
    sample_rate: int
    digest: str
    """Hexadecimal SHA-256 over the clips' digests: the same music prepared the same way has the same digest."""

    @property
    def channels(self) -> int:
        return int(self.clips.shape[1])

    @property
    def clip_frames(self) -> int:
        return int(self.clips.shape[2])

    def __len__(self) -> int:
        return int(self.clips.shape[0])

    def sources(self) -> list[str]:
        """The path that each clip came from. Raises UserError if the list of them is damaged."""
        try:
            lines = (self.path / SOURCES).read_text(encoding="utf-8").splitlines()
            paths = [str(json.loads(line)["source"]) for line in lines]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise UserError(
                f"The dataset {self.path} is damaged ({SOURCES} is unreadable); prepare it again."
            ) from error
        if len(paths) != len(self):
            raise UserError(f"The dataset {self.path} is damaged ({SOURCES} does not match {CLIPS}); prepare it again.")
        return paths

    @classmethod
    def open(cls, path: Path | str) -> Dataset:
        """Opens a dataset folder. Raises UserError if there is none, or if it is damaged or of another format."""
        path = Path(path)
        head = _read_head(path)
        try:
            shape = tuple(int(head[key]) for key in ("clip_count", "channels", "clip_frames"))
            sample_rate, digest = int(head["sample_rate"]), str(head["digest"])
            clips = np.load(path / CLIPS, mmap_mode="r", allow_pickle=False)
        except (OSError, EOFError, KeyError, TypeError, ValueError) as error:
            raise UserError(f"The dataset {path} is damaged ({_brief(error)}); prepare it again.") from error
        if clips.shape != shape or clips.dtype != np.float32:
            raise UserError(f"The dataset {path} is damaged ({CLIPS} does not match {HEAD}); prepare it again.")
        return cls(path, clips, sample_rate, digest)


class DatasetWriter:
    """Streams clips into a folder; how many there will be need not be known. Used by `writing`."""

    def __init__(self, path: Path, sample_rate: int, channels: int, clip_frames: int) -> None:
        if clip_frames not in LEGAL_FRAMES:
            raise ValueError(f"clips of {clip_frames} frames are not legal")
        self.path = path
        self.sample_rate = sample_rate
        self.channels = channels
        self.clip_frames = clip_frames
        self.count = 0
        self._digest = hashlib.sha256()
        self._clips: BinaryIO = open(path / CLIPS, "wb")  # noqa: SIM115  closed by finish or close
        self._sources = open(path / SOURCES, "w", encoding="utf-8")  # noqa: SIM115
        self._header_size = self._write_header()

    def add(self, clip: bytes | bytearray, source: Mapping[str, Any]) -> None:
        """Adds one clip: the bytes of float32 [channels, frames], and its line for clips.jsonl, digest included."""
        self._clips.write(clip)
        self._sources.write(json.dumps(source) + "\n")
        self._digest.update(bytes.fromhex(source["digest"]))
        self.count += 1

    def finish(self, mode: str, report: Mapping[str, Any]) -> None:
        """Writes the true clip count into the header, then report.json and dataset.json."""
        self._clips.seek(0)
        if self._write_header() != self._header_size:
            raise ValueError("the header of clips.npy outgrew its place")
        for stream in (self._clips, self._sources):
            stream.flush()
            os.fsync(stream.fileno())
        self.close()
        head = {
            "format": FORMAT,
            "sample_rate": self.sample_rate,
            "channels": self.channels,
            "clip_frames": self.clip_frames,
            "clip_count": self.count,
            "digest": self._digest.hexdigest(),
            "mode": mode,
            "version": importlib.metadata.version("producergan"),
        }
        for name, value in ((REPORT, report), (HEAD, head)):
            (self.path / name).write_text(_one_line_each(value), encoding="utf-8")

    def close(self) -> None:
        """Closes the files, whatever state they are in."""
        for stream in (self._clips, self._sources):
            # What could not be written for want of space would be tried again here.
            with contextlib.suppress(OSError):
                stream.close()

    def _write_header(self) -> int:
        # numpy leaves room for the first axis to grow, so the header keeps its size whatever the count.
        shape = (self.count, self.channels, self.clip_frames)
        header = {"descr": "<f4", "fortran_order": False, "shape": shape}
        np.lib.format.write_array_header_1_0(self._clips, header)
        return self._clips.tell()


@contextlib.contextmanager
def building(path: Path, overwrite: bool = False) -> Iterator[Path]:
    """Yields a temporary folder beside `path` that takes its place if the block ends well, and vanishes if not.

    Raises UserError if the folder around `path` does not exist, or if something stands at `path` that may not be
    replaced: a dataset is with `overwrite`, an empty folder always, anything else never.
    """
    path = Path(path)
    check_place(path, overwrite)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    try:
        yield temporary
        check_place(path, overwrite)
        retired = path.with_name(f".{path.name}.{os.getpid()}.old")
        if path.exists():
            os.rename(path, retired)
        try:
            os.rename(temporary, path)
        except BaseException:
            if retired.exists():
                os.rename(retired, path)
            raise
        shutil.rmtree(retired, ignore_errors=True)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_place(path: Path, overwrite: bool) -> None:
    """Raises UserError if a dataset may not be written at `path`; see `building`."""
    path = Path(path)
    if not path.name or path.name == "..":
        raise UserError(f"{path} is no name for a dataset; give a new folder, such as {path / 'dataset'}.")
    check_folder_of(path)
    if not path.exists() and not path.is_symlink():
        return
    if path.is_symlink() or not path.is_dir():
        raise UserError(f"{path} is there already and is not a dataset; choose another place.")
    if (path / HEAD).is_file():
        if not overwrite:
            raise UserError(
                f"The dataset {path} is there already; choose another place, or replace it with --overwrite."
            )
    elif any(path.iterdir()):
        raise UserError(f"The folder {path} is there already and is not a dataset; choose another place.")


def write(
    path: Path | str,
    clips: NDArray[np.float32],
    sample_rate: int,
    sources: Sequence[str] | None = None,
    overwrite: bool = False,
) -> Dataset:
    """Writes clips in memory, float32 [clips, channels, frames], as a dataset folder and opens it.

    `sources` are the paths that the clips came from; if none are given, each is one of its own.
    """
    clips = np.ascontiguousarray(clips, dtype=np.float32)
    with building(Path(path), overwrite) as folder:
        writer = DatasetWriter(folder, sample_rate, clips.shape[1], clips.shape[2])
        with contextlib.closing(writer):
            for index, clip in enumerate(clips):
                data = clip.tobytes()
                digest = hashlib.sha256(data).hexdigest()
                source = sources[index] if sources else str(index)
                writer.add(data, {"source": source, "offset": 0.0, "gain": 1.0, "label": "", "digest": digest})
            writer.finish("array", {"used": [], "unused": []})
    return Dataset.open(path)


def describe_clips(sample_rate: int, channels: int, clip_frames: int) -> str:
    """What must agree between a dataset and what was trained on one, in words."""
    return f"{'stereo' if channels == 2 else 'mono'} clips of {clip_frames} frames at {sample_rate} Hz"


def forget(clips: NDArray[np.float32]) -> None:
    """Gives back the memory of what has been read of memory-mapped clips. The system may keep it to read it faster."""
    # Else what was read of a dataset larger than memory would count as the process's own until memory runs short.
    if isinstance(clips.base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        clips.base.madvise(mmap.MADV_DONTNEED)


def _one_line_each(value: Mapping[str, Any]) -> str:
    """JSON with a line for each field and each item of a list: as easy to read as to search."""
    fields = []
    for key, item in value.items():
        if isinstance(item, list):
            text = "[\n    " + ",\n    ".join(map(json.dumps, item)) + "\n  ]"
        elif isinstance(item, dict):
            text = _one_line_each(item).strip().replace("\n", "\n  ")
        else:
            text = json.dumps(item)
        fields.append(f"  {json.dumps(key)}: {text}")
    return "{\n" + ",\n".join(fields) + "\n}\n"


def _read_head(path: Path) -> Mapping[str, Any]:
    if not path.exists():
        raise UserError(f"There is no dataset {path}; make one with `trainer prepare`.")
    try:
        head = json.loads((path / HEAD).read_text(encoding="utf-8"))
        found = head["format"]
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UserError(f"{path} is not a dataset; make one with `trainer prepare`.") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(f"The dataset {path} is damaged ({HEAD} cannot be read); prepare it again.") from error
    if found != FORMAT:
        raise UserError(
            f"The dataset {path} has format {found}, but this version reads format {FORMAT}; prepare it again."
        )
    return dict(head)


def _brief(error: Exception) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) else f"{CLIPS} or {HEAD} cannot be read"
