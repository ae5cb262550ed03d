"""Finding audio files in folders of any depth, and decoding them in blocks.

libsndfile reads what it can (by way of soundfile); FFmpeg's libraries (by way of PyAV) read the rest.
"""

from __future__ import annotations

import functools
import os
import re
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import UserError
from trainer.unused import Reason, Unusable

Block = NDArray[np.float32]
"""float32 [frames, channels]."""

BLOCK_FRAMES = 131072

_SOUNDFILE = """
wav wave bwf rf64 w64 aif aiff aifc flac ogg oga opus mp3 mp2 mp1 au snd caf paf svx 8svx iff nist sph voc ircam sf avr
sds sd2 xi htk pvf wve
"""
_PYAV = """
m4a m4b m4r aac mp4 m4v mov qt 3gp 3g2 wma wmv asf webm weba mka mkv avi flv mpg mpeg ts mts m2ts vob ogv ogx wv ape
tta ac3 eac3 dts amr mpc tak spx dsf dff
"""
SOUNDFILE_ENDINGS = frozenset(_SOUNDFILE.split())
PYAV_ENDINGS = frozenset(_PYAV.split())


@dataclass(frozen=True)
class Candidate:
    """A file to try. `label` is the folder it stands in, just below the one that the user named."""

    path: str
    label: str
    size: int


def find(inputs: Sequence[Path]) -> tuple[list[Candidate], dict[str, Unusable]]:
    """Lists the audio files among files and folders, sorted by path, and the files that are none, with the reason.

    Links to folders are followed, each folder once. Raises UserError if an input does not exist, or if there is
    nothing in them at all.
    """
    candidates: dict[str, Candidate] = {}
    refused: dict[str, Unusable] = {}
    seen_folders: set[str] = set()
    for given in inputs:
        if not os.path.lexists(given):
            raise UserError(f"There is no file or folder {given}; check the name.")
        for path, label in _walk(Path(given), seen_folders, refused):
            try:
                candidates[path] = Candidate(path, label, _size_of_audio_file(path))
            except Unusable as why:
                refused[path] = why
    if not candidates and not refused:
        raise UserError(f"There are no files in {' or '.join(map(str, inputs))}; name a folder with audio in it.")
    return [candidates[path] for path in sorted(candidates)], refused


def _walk(given: Path, seen: set[str], refused: dict[str, Unusable]) -> Iterator[tuple[str, str]]:
    if not given.is_dir():
        yield str(given), given.absolute().parent.name
        return

    def cannot_list(error: OSError) -> None:
        refused[str(error.filename)] = Unusable(Reason.CANNOT_OPEN, error.strerror or "")

    for folder, subfolders, files in os.walk(given, followlinks=True, onerror=cannot_list):
        real = os.path.realpath(folder)
        if real in seen:
            subfolders.clear()
            continue
        seen.add(real)
        subfolders.sort()
        below = Path(folder).relative_to(given).parts
        label = below[0] if below else given.resolve().name
        for name in files:
            yield os.path.join(folder, name), label


def _size_of_audio_file(path: str) -> int:
    ending = os.path.splitext(path)[1][1:].lower()
    # "._kick.wav" is what macOS leaves beside "kick.wav" on foreign disks.
    if ending not in SOUNDFILE_ENDINGS | PYAV_ENDINGS or os.path.basename(path).startswith("._"):
        raise Unusable(Reason.NOT_AUDIO)
    try:
        status = os.stat(path)
    except OSError as error:
        raise Unusable(Reason.CANNOT_OPEN, error.strerror or "") from error
    if not stat.S_ISREG(status.st_mode):
        raise Unusable(Reason.NOT_A_FILE)
    if status.st_size == 0:
        raise Unusable(Reason.EMPTY, "0 bytes")
    return status.st_size


@dataclass(frozen=True)
class Decoded:
    """An open audio file: its rate in Hz, its length as its header tells it (0 if it does not), and its blocks."""

    sample_rate: int
    seconds: float
    blocks: Iterator[Block]


def decode(path: str) -> Decoded:
    """Opens a file for decoding in blocks of at most a few seconds.

    All blocks of a process may share memory: use each at once, and one file after the other.

    Raises Unusable, here or from the blocks.
    """
    if not os.access(path, os.R_OK):
        raise Unusable(Reason.CANNOT_OPEN, "Permission denied" if os.path.exists(path) else "No such file or directory")
    if os.path.splitext(path)[1][1:].lower() in SOUNDFILE_ENDINGS:
        try:
            return _decode_soundfile(path)
        except Unusable as why:
            if why.reason is not Reason.UNREADABLE:
                raise
            try:
                return _decode_pyav(path)
            except Unusable:
                raise why from None
    return _decode_pyav(path)


def _decode_soundfile(path: str) -> Decoded:
    import soundfile

    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, RuntimeError, ValueError) as error:
        raise Unusable(Reason.UNREADABLE, _libsndfile_words(error)) from error
    if file.frames == 0:
        file.close()
        raise Unusable(Reason.EMPTY)
    if why := _cut_short(file.extra_info):
        file.close()
        raise Unusable(Reason.CUT_SHORT, why)
    return Decoded(file.samplerate, file.frames / file.samplerate, _soundfile_blocks(file))


def _soundfile_blocks(file: soundfile.SoundFile) -> Iterator[Block]:  # type: ignore[name-defined]  # noqa: F821
    import soundfile

    with file:
        buffer = _buffer(file.channels)
        done = 0
        while done < file.frames:
            try:
                block = file.read(out=buffer)
            except (soundfile.LibsndfileError, RuntimeError) as error:
                raise Unusable(Reason.CUT_SHORT, f"after {done / file.samplerate:.1f} s") from error
            if not len(block):
                break
            done += len(block)
            yield block
        # An MP3 tells its length in its first frame only, give or take the encoder's padding.
        if done < 0.95 * file.frames - 4096:
            expected = file.frames / file.samplerate
            raise Unusable(Reason.CUT_SHORT, f"{done / file.samplerate:.1f} s of {expected:.1f} s")


@functools.lru_cache(maxsize=4)
def _buffer(channels: int) -> Block:
    # One for all files: fresh memory for each would cost the system more than a short file's decoding.
    return np.empty((BLOCK_FRAMES, channels), np.float32)


def _cut_short(log: str) -> str:
    """Reads in libsndfile's log whether the header promises more than the file holds; it reads such a file silently."""
    chunk = re.search(r"^ *(?:data|SSND) *: (\d+) \(should be (\d+)\)", log, re.MULTILINE)
    # Programs that write to a pipe do not know the length, and put the largest number there is.
    if chunk and int(chunk[2]) < int(chunk[1]) < 0x7FFF0000:
        return f"{int(chunk[2]):,} bytes of {int(chunk[1]):,}"
    frames = re.search(r"frame count (\d+) does not match value from 'ds64' chunk of (\d+)", log)
    if frames and int(frames[1]) < int(frames[2]):
        return f"{int(frames[1]):,} frames of {int(frames[2]):,}"
    return ""


def _libsndfile_words(error: Exception) -> str:
    return str(getattr(error, "error_string", error)).strip().rstrip(".")


def _decode_pyav(path: str) -> Decoded:
    import av

    av.logging.set_level(None)
    try:
        container = av.open(path)
    except (av.FFmpegError, OSError, ValueError) as error:
        raise Unusable(Reason.UNREADABLE, _ffmpeg_words(error)) from error
    if not container.streams.audio:
        container.close()
        raise Unusable(Reason.NO_TRACK)
    stream = container.streams.audio[0]
    if not stream.codec_context or not stream.codec_context.sample_rate:
        container.close()
        raise Unusable(Reason.UNREADABLE)
    seconds = float(container.duration or 0) / av.time_base
    return Decoded(stream.codec_context.sample_rate, seconds, _pyav_blocks(container, stream))


def _pyav_blocks(container: av.container.InputContainer, stream: av.AudioStream) -> Iterator[Block]:  # type: ignore[name-defined]  # noqa: F821
    import av

    rate = stream.codec_context.sample_rate
    channels = stream.codec_context.channels
    # Only the sample format is changed here, and whatever changes in mid-stream is brought back to how it began.
    unify = av.AudioResampler(format="fltp", layout=stream.codec_context.layout, rate=rate)
    done = 0
    with container:
        pending: list[Block] = []
        waiting = 0
        try:
            for frame in _frames(container, stream, unify):
                pending.append(frame)
                waiting += len(frame)
                if waiting >= BLOCK_FRAMES:
                    done += waiting
                    yield np.concatenate(pending)
                    pending, waiting = [], 0
        except (av.FFmpegError, ValueError) as error:
            done += waiting
            if not done:
                raise Unusable(Reason.UNREADABLE, _ffmpeg_words(error)) from error
            raise Unusable(Reason.CUT_SHORT, f"after {done / rate:.1f} s") from error
        if pending:
            done += waiting
            yield np.concatenate(pending).reshape(-1, channels)
    if not done:
        raise Unusable(Reason.EMPTY)


def _frames(container, stream, unify) -> Iterator[Block]:  # type: ignore[no-untyped-def]
    for frame in container.decode(stream):
        # Time stamps with gaps would make the resampler refuse frames; the audio is simply strung together.
        frame.pts = None
        for unified in unify.resample(frame):
            yield unified.to_ndarray().T
    for unified in unify.resample(None):
        yield unified.to_ndarray().T


def _ffmpeg_words(error: Exception) -> str:
    return str(getattr(error, "strerror", None) or error)
