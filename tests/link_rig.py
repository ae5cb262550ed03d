"""A client of the link that keeps what it is sent as the plugin does, and complains of what no client may be sent."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from bridge.link import Link
from bridge.link_frame import Received

DEADLINE = 60.0
STILL = {"positions": [0.0] * 8, "morph": [0.0, 0.0], "touches": [], "turns": []}


class Clip:
    """What has come of one clip."""

    def __init__(self, channels: int, frames: int, sample_rate: int) -> None:
        self.audio = np.full((channels, frames), np.nan, np.float32)
        self.sample_rate = sample_rate

    @property
    def whole(self) -> bool:
        return not np.isnan(self.audio).any()


class Plugin:
    """Opens presets and keeps programs, clips and the clip table of the newest program."""

    def __init__(self, path: Path, name: str = "plugin") -> None:
        self.link = Link(path, name, timeout=DEADLINE)
        self.program: dict[str, Any] = {}
        self.table: dict[tuple[int, int, int], str] = {}
        self.versions: dict[tuple[int, int, int], int] = {}
        self.clips: dict[str, Clip] = {}
        self.whole_before: set[str] = set()  # told by `have`
        self.blocks: list[tuple[str, int, int]] = []  # in the order in which they came
        self.done: dict[int, dict[str, Any]] = {}
        self.said: list[str] = []  # problems and notices
        self.version = 0
        self.rendering = 0  # needs that are not answered: clips come anew

    def open(self, name: str = "", text: str = "", folder: str = "", rate: float = 48000) -> None:
        self.link.send("open", rate=rate, name=str(name), text=text, folder=str(folder))

    def have(self, names: Any) -> None:
        self.whole_before |= set(names)
        self.link.send("have", sounds=list(names))

    def hands(self, **fields: Any) -> None:
        self.version += 1
        self.link.send("hands", version=self.version, **{**STILL, **fields})

    def voices(self, *rows: list[Any], clock: int = 0) -> None:
        self.link.send("voices", clock=clock, voices=list(rows))

    def need(self, number: int, slots: Any, **fields: Any) -> None:
        self.rendering += 1
        self.link.send("need", id=number, slots=[list(slot) for slot in slots], **{**STILL, **fields})

    def hear(self, timeout: float = DEADLINE) -> Received:
        """Takes in one message and returns it."""
        message = self.link.receive(timeout)
        fields = message.fields
        match message.type:
            case "program":
                self.program, self.table, self.versions = fields, {}, {}
            case "clip":
                shape = fields["channels"], fields["frames"], fields["sample_rate"]
                if not self.rendering:
                    assert fields["sound"] not in self.clips, "a clip began twice"
                    assert fields["sound"] not in self.whole_before, "a clip that the client has whole"
                self.clips[fields["sound"]] = Clip(*shape)
            case "blocks":
                self._blocks(message)
            case "set":
                assert fields["serial"] == self.program["serial"]
                assert fields["sound"] in self.clips or fields["sound"] in self.whole_before, "a clip that never began"
                slot = fields["zone"], fields["key"], fields["variant"]
                self.table[slot], self.versions[slot] = fields["sound"], fields["version"]
            case "done":
                self.done[fields["id"]] = fields
                self.rendering -= 1
            case "problem":
                self.said.append(fields["reason"])
            case "notice":
                self.said.append(fields["text"])
        return message

    def _blocks(self, message: Received) -> None:
        sound, start, frames = (message.fields[name] for name in ("sound", "start", "frames"))
        clip = self.clips[sound]
        audio = np.frombuffer(message.body, "<f4").reshape(clip.audio.shape[0], frames)
        assert start % 1024 == 0
        assert frames % 1024 == 0 or start + frames == clip.audio.shape[1]
        assert np.isfinite(audio).all()
        assert np.isnan(clip.audio[:, start : start + frames]).all(), "blocks came twice"
        clip.audio[:, start : start + frames] = audio
        self.blocks.append((sound, start, frames))

    def until(self, *types: str, timeout: float = DEADLINE) -> dict[str, Any]:
        """Takes messages in until one of these types; its fields."""
        end = time.monotonic() + timeout
        while True:
            message = self.hear(max(0.01, end - time.monotonic()))
            if message.type in types:
                return message.fields

    def settle(self) -> None:
        """Until everything is there that the newest hands want."""
        while self.until("settled")["version"] != self.version:
            pass

    def sound_of(self, zone: int, key: int, variant: int = 0) -> Clip:
        return self.clips[self.table[zone, key, variant]]

    def close(self) -> None:
        self.link.close()
