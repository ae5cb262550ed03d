"""What is heard while the engine plays, written to a file: `engine play --record`."""

from __future__ import annotations

import contextlib
import itertools
import os
import queue
import threading
from pathlib import Path
from typing import Any

from engine import _native
from engine.errors import UserError
from engine.files import check_folder_of

ROOM_SECONDS = 10.0  # how long the disk may keep the recording waiting before something is left out
WRITE_SECONDS = 0.1  # between two looks for what has been played
# RF64 is WAV, up to the four gigabytes (four hours) that WAV can hold, and longer after that.
FORMATS = {".wav": "RF64", ".flac": "FLAC"}
# Commands of libsndfile that its package leaves out.
SFC_RF64_AUTO_DOWNGRADE, SFC_SET_UPDATE_HEADER_AUTO = 0x1210, 0x1061


def check_recording(path: Path) -> None:
    """Raises UserError unless a recording can be made under this name."""
    if path.suffix.lower() not in FORMATS:
        raise UserError(f"A recording's file must end in .wav or .flac, so --record cannot be {path}.")
    check_folder_of(path)
    if path.exists():
        raise UserError(f"{path} is there already; choose another name for --record, or move it away.")


class Recording:
    """Records what `callback` renders from `start` to `close`, every frame of it, in 24 bits.

    Until it is complete the file has a temporary name beside its own; what was written stays playable if the process
    is killed. Raises UserError if such a file cannot be made, OSError if the folder cannot be written to.
    [main-thread]
    """

    def __init__(
        self, path: Path, callback: _native.AudioCallback, rate: int, room_seconds: float = ROOM_SECONDS
    ) -> None:
        check_recording(path)
        self._path, self._callback, self._rate = path, callback, rate
        self._ring = _native.RecordingRing(round(rate * room_seconds))
        self._temporary = _claim(path)
        try:
            self._file = _open(self._temporary, FORMATS[path.suffix.lower()], rate)
        except UserError:
            self._temporary.unlink()
            raise
        self._news: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._ended = threading.Event()
        # Not a daemon: even if whoever waits for it is interrupted, the file gets its name before the process ends.
        self._thread = threading.Thread(target=self._write, name="recording")

    def start(self) -> None:
        """Records from the next block on."""
        self._callback.record(self._ring)
        self._thread.start()

    def step(self) -> list[str]:
        """What is new, as sentences for the user."""
        news = []
        while not self._news.empty():
            news.append(self._news.get())
        return news

    def close(self) -> list[str]:
        """Ends the recording and gives the file its name; returns what is new. Close the output first.

        A recording that was not started leaves no file.
        """
        if self._thread.ident is None:
            self._file.close()
            self._temporary.unlink(missing_ok=True)
        else:
            self._ended.set()
            self._thread.join()
        return self.step()

    # ——— the recording's thread ———

    def _write(self) -> None:
        import soundfile

        frames = 0
        try:
            ended = False
            while not ended:
                # What came before the end is still to be read. Without a main thread nobody is left to tell it.
                ended = self._ended.wait(WRITE_SECONDS) or not threading.main_thread().is_alive()
                audio = self._ring.read()
                self._file.write(audio)
                frames += len(audio)
            if self._ring.dropped:
                left_out = self._ring.dropped / self._rate
                self._news.put(f"The disk was too slow for the recording: {left_out:.2f} s are missing in it.")
        except (soundfile.SoundFileError, OSError, AssertionError):
            # The last is how the package tells that less was written than was to be.
            self._callback.record(None)
            self._news.put("The recording has ended, as its file could not be written further; is the disk full?")
        with contextlib.suppress(soundfile.SoundFileError, OSError):
            self._file.close()
        minutes, seconds = divmod(round(frames / self._rate, 1), 60)
        self._news.put(f"Recorded {minutes:.0f} min {seconds:.1f} s to {self._give_name()}.")

    def _give_name(self) -> Path:
        """The file gets its own name, unless someone else has made a file of that name meanwhile."""
        with contextlib.suppress(OSError):
            if not self._path.exists():
                os.rename(self._temporary, self._path)
                return self._path
        return self._temporary


def _claim(path: Path) -> Path:
    """Makes an empty file beside `path` under a name that is free; what an engine that was killed has left stays."""
    for number in itertools.count(1):
        temporary = path.with_name(f"{path.stem}.part{number}{path.suffix}")
        try:
            temporary.touch(exist_ok=False)
        except FileExistsError:
            continue
        return temporary
    raise AssertionError


def _open(path: Path, form: str, rate: int) -> Any:
    import soundfile

    try:
        file = soundfile.SoundFile(path, "w", rate, 2, subtype="PCM_24", format=form)
    except soundfile.SoundFileError as error:
        raise UserError(f"A {path.suffix} file cannot be recorded at {rate} Hz; choose .wav.") from error
    if form == "RF64":
        for command in (SFC_RF64_AUTO_DOWNGRADE, SFC_SET_UPDATE_HEADER_AUTO):
            soundfile._snd.sf_command(file._file, command, soundfile._ffi.NULL, 1)
    return file
