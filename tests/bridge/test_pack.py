"""A preset as one file: what is packed comes out again and plays; what is wrong with a file is told before it hurts."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from engine_process import EngineProcess
from kit_presets import EVERYTHING, load
from tiny_encoder import write_tiny_encoder
from tiny_instrument import write_tiny_instrument

from bridge.pack import MANIFEST, pack
from bridge.unpack import LARGEST_TEXT, unpack
from engine.data import bundled_presets
from engine.errors import UserError
from engine.find import find
from engine.hands import Hands
from engine.instrument import Instrument
from engine.preset import Preset

Change = Callable[[dict[str, bytes]], None]


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A good one."""
    (tmp_path / "mine").mkdir()
    pack(load(tmp_path / "mine", EVERYTHING), tmp_path / "mine.zip")
    return tmp_path / "mine.zip"


def contents(archive: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(archive) as file:
        return {name: file.read(name) for name in file.namelist()}


def rewrite(archive: Path, files: dict[str, bytes], listed: bool = True) -> None:
    """Writes the archive anew, with a manifest that fits unless `listed` is false."""
    if listed:
        manifest = json.loads(files[MANIFEST])
        manifest["files"] = [
            {"name": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
            if name != MANIFEST
        ]
        files = {**files, MANIFEST: json.dumps(manifest).encode()}
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for name, data in files.items():
            file.writestr(name, data)


def refused(archive: Path, words: str) -> None:
    """Unpacking says these words in one sentence, and leaves everything as it is."""
    before = sorted(archive.parent.rglob("*"))
    with pytest.raises(UserError, match=words) as caught:
        unpack(archive, archive.parent / "out")
    said = str(caught.value)
    assert said.endswith(".")
    assert "\n" not in said
    assert ".part" not in said
    assert sorted(archive.parent.rglob("*")) == before


# ——— there and back ———


@pytest.mark.parametrize("name", bundled_presets())
def test_each_bundled_preset_comes_out_as_it_went_in(name: str, tmp_path: Path) -> None:
    before = Preset.open(name)
    pack(before, tmp_path / "shared.zip")
    path, after = unpack(tmp_path / "shared.zip", tmp_path / "out")
    assert path.parent == tmp_path / "out"
    assert after.opened.digest == before.opened.digest
    assert (after.zones, after.macros, after.play) == (before.zones, before.macros, before.play)
    hands = Hands(before.positions)
    assert after.sounds(hands) == before.sounds(hands)
    assert after.opened.path.with_suffix(".encoder.onnx").is_file()
    assert "Frank Wen" in (tmp_path / "out" / "LICENCE.md").read_text(encoding="utf-8")


def test_an_instrument_of_ones_own_takes_its_encoder_along(tmp_path: Path) -> None:
    import soundfile

    instrument = Instrument.open(write_tiny_instrument(tmp_path / "a b" / "tiny.onnx"))
    write_tiny_encoder(instrument)
    pack(Preset.for_instrument(instrument.path), tmp_path / "shared.zip")
    assert sorted(contents(tmp_path / "shared.zip")) == [MANIFEST, "tiny.encoder.onnx", "tiny.onnx", "tiny.toml"]
    _, preset = unpack(tmp_path / "shared.zip", tmp_path / "out")
    soundfile.write(tmp_path / "tone.wav", np.sin(np.arange(16000) / 3), 16000)
    assert find(tmp_path / "tone.wav", preset.opened).shape == (8,)


def test_the_same_preset_packs_to_the_same_file(archive: Path) -> None:
    again = archive.with_name("again.zip")
    pack(Preset.load(archive.parent / "mine" / "mine.toml"), again)
    assert again.read_bytes() == archive.read_bytes()


def test_the_commands_share_a_preset_that_plays(archive: Path) -> None:
    folder = archive.parent

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        program = Path(sys.executable).parent / words[0]
        return subprocess.run([program, *words[1:]], cwd=folder, capture_output=True, text=True, check=False)

    told = json.loads(run("bridge", "pack", "mine/mine.toml", "-o", "shared.zip", "--json").stdout)
    assert [row["name"] for row in told["files"]] == ["Mine.toml", "tiny.onnx"]
    said = run("bridge", "unpack", "shared.zip")
    assert said.returncode == 0, said.stderr
    assert f"engine play {Path('shared', 'Mine.toml')}" in said.stdout
    (folder / "mine" / "tiny.onnx").unlink()
    assert json.loads(run("engine", "info", "shared/Mine.toml", "--json").stdout)["name"] == "Mine"
    with EngineProcess("play", str(folder / "shared" / "Mine.toml"), "--audio", "null") as engine:
        engine.wait_ready()
    again = run("bridge", "unpack", "shared.zip")
    assert again.returncode == 1
    assert "nothing of yours is written over" in again.stderr


def test_a_pack_ends_in_zip(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"must end in \.zip"):
        pack(load(tmp_path, EVERYTHING), tmp_path / "mine.tar")


def test_a_pack_writes_over_nothing(archive: Path) -> None:
    preset = Preset.load(archive.parent / "mine" / "mine.toml")
    archive.write_bytes(b"songs")
    with pytest.raises(UserError, match="nothing of yours is written over"):
        pack(preset, archive)
    assert archive.read_bytes() == b"songs"


# ——— bad files ———


@pytest.mark.parametrize("data", [b"", b"PK", b"no zip at all" * 10, b"PK\x05\x06" + b"\0" * 18], ids=str)
def test_what_is_no_zip_is_refused(data: bytes, archive: Path) -> None:
    archive.write_bytes(data)
    refused(archive, "no shared preset")


def test_a_file_that_is_not_there_is_refused(archive: Path) -> None:
    archive.unlink()
    refused(archive, "does not exist")


def test_a_zip_of_something_else_is_refused(archive: Path) -> None:
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("song.txt", "la la")
    refused(archive, "no shared preset")


@pytest.mark.parametrize("at", [0.01, 0.3, 0.6, 0.9])
def test_a_file_cut_short_is_refused(at: float, archive: Path) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[: int(len(data) * at)])
    refused(archive, "no shared preset|damaged")


def test_damage_anywhere_is_seen(archive: Path) -> None:
    """Every byte, in steps: refused with a sentence, or of no consequence, as in a date."""
    data = archive.read_bytes()
    good = contents(archive)
    out = archive.parent / "out"
    for at in range(0, len(data), max(1, len(data) // 150)):
        archive.write_bytes(data[:at] + bytes([data[at] ^ 0x55]) + data[at + 1 :])
        said = ""
        try:
            unpack(archive, out)
        except UserError as error:
            said = str(error)
        assert "\n" not in said
        assert out.exists() != bool(said)
        if out.exists():
            there = {path.name: path.read_bytes() for path in out.iterdir()}
            assert there == {name: content for name, content in good.items() if name != MANIFEST}
            shutil.rmtree(out)


@pytest.mark.parametrize(
    "name",
    [
        "../evil.toml",
        "/evil.toml",
        "a/evil.toml",
        "..\\evil.toml",
        "C:evil.toml",
        "nul.toml",
        "..",
        ".hidden",
        "evil.toml ",
        "evil\n.toml",
        "folder/",
    ],
)
def test_names_that_lead_elsewhere_are_refused(name: str, archive: Path) -> None:
    rewrite(archive, {**contents(archive), name: b"x"})
    refused(archive, "no name of a shared preset's")


def test_a_name_with_a_nul_is_refused(archive: Path) -> None:
    rewrite(archive, {**contents(archive), "LICENCExmd": b"x"})
    archive.write_bytes(archive.read_bytes().replace(b"LICENCExmd", b"LICENCE\0md"))
    refused(archive, "no name of a shared preset's")


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("name", ["Mine.toml", "MINE.TOML"])
def test_two_files_of_one_name_are_refused(name: str, archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(name, b"x")
    refused(archive, "two files")


@pytest.mark.parametrize("kind", [0o120777, 0o020666, 0o010666, 0o040755], ids=["link", "device", "pipe", "folder"])
def test_what_is_no_file_is_refused(kind: int, archive: Path) -> None:
    entry = zipfile.ZipInfo("LICENCE.md")
    entry.external_attr = kind << 16
    with zipfile.ZipFile(archive, "a") as file:
        file.writestr(entry, "/etc/passwd")
    refused(archive, "link or device")


def test_a_file_that_blows_up_is_refused_before_it_does(archive: Path) -> None:
    rewrite(archive, {**contents(archive), "tiny.onnx": bytes(200 << 20)})
    assert archive.stat().st_size < 1 << 20
    refused(archive, "would grow to 200 MiB")


def test_a_text_of_many_megabytes_is_refused(archive: Path) -> None:
    rewrite(archive, {**contents(archive), "Mine.toml": os.urandom(LARGEST_TEXT + 1)})
    refused(archive, "far too much")


def test_a_size_that_is_a_lie_is_seen(archive: Path) -> None:
    """The table of contents says 1,000 bytes more, or fewer, than there are."""
    good = archive.read_bytes()
    size = len(contents(archive)["tiny.onnx"])
    at = good.rindex(struct.pack("<I", size), 0, good.rindex(b"tiny.onnx"))
    for lie in (size - 1000, size + 1000):
        archive.write_bytes(good[:at] + struct.pack("<I", lie) + good[at + 4 :])
        refused(archive, "damaged")


def test_a_zip_of_many_files_is_refused_without_reading_their_names(archive: Path) -> None:
    with zipfile.ZipFile(archive, "a") as file:
        for number in range(20_000):
            file.writestr(str(number), b"")
    refused(archive, "more than a shared preset has")


def test_a_record_for_huge_zips_is_not_believed(archive: Path) -> None:
    data = archive.read_bytes()
    archive.write_bytes(data[:-22] + b"PK\x06\x07" + b"\0" * 16 + data[-22:])
    refused(archive, "no shared preset")


def test_what_came_otherwise_than_the_manifest_says_is_refused(archive: Path) -> None:
    files = contents(archive)
    rewrite(archive, {**files, "tiny.onnx": files["tiny.onnx"][:-1] + b"\0"}, listed=False)
    refused(archive, "tiny.onnx in .* was damaged or changed")
    rewrite(archive, {**files, "LICENCE.md": b"x"}, listed=False)
    refused(archive, "other files in it than its manifest.json names")
    del files["tiny.onnx"]
    rewrite(archive, files, listed=False)
    refused(archive, "other files in it than its manifest.json names")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": 2}, "install a newer version"),
        ({"format": True}, "cannot be read"),
        ({"format": "1"}, "cannot be read"),
        ({"kind": "something"}, "cannot be read"),
        ({"files": None}, "cannot be read"),
        ({"files": [{"name": "Mine.toml"}]}, "cannot be read"),
        ({"files": [{"name": "Mine.toml", "bytes": 1, "sha256": None}]}, "cannot be read"),
        ({"files": []}, "other files"),
    ],
    ids=str,
)
def test_a_manifest_that_says_otherwise_is_refused(changes: dict[str, Any], words: str, archive: Path) -> None:
    files = contents(archive)
    manifest = {**json.loads(files[MANIFEST]), **changes}
    rewrite(archive, {**files, MANIFEST: json.dumps(manifest).encode()}, listed=False)
    refused(archive, words)


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"null", b"{", b"\xff\xfe", b"[" * 50_000], ids=lambda data: repr(data[:4])
)
def test_a_manifest_that_is_none_is_refused(data: bytes, archive: Path) -> None:
    rewrite(archive, {**contents(archive), MANIFEST: data}, listed=False)
    refused(archive, "cannot be read|no manifest")


def _without(name: str) -> Change:
    def change(files: dict[str, bytes]) -> None:
        del files[name]

    return change


def _with(name: str, data: bytes) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files[name] = data

    return change


def _instrument_named(name: str) -> Change:
    def change(files: dict[str, bytes]) -> None:
        files["Mine.toml"] = files["Mine.toml"].replace(b'"tiny.onnx"', json.dumps(name).encode())

    return change


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_without("tiny.onnx"), "one preset and one instrument"),
        (_without("Mine.toml"), "one preset and one instrument"),
        (_with("other.toml", b"x"), "one preset and one instrument"),
        (_with("run.exe", b"x"), "belongs to no shared preset"),
        (_with("other.encoder.onnx", b"x"), "belongs to no shared preset"),
        (_with("Mine.toml", b"format = 9"), "Mine.toml in .*newer version"),
        (_with("Mine.toml", b"\xff"), "Mine.toml in "),
        (_with("tiny.onnx", b"no instrument"), "not an ONNX file"),
        (_instrument_named("drums"), "not the one beside it"),
        (_instrument_named("/etc/other.onnx"), "not the one beside it"),
        (_instrument_named("~/other.onnx"), "not the one beside it"),
        (_instrument_named("../mine/tiny.onnx"), "not the one beside it"),
    ],
    ids=range(12),
)
def test_what_no_pack_has_is_refused(change: Change, words: str, archive: Path) -> None:
    files = contents(archive)
    change(files)
    rewrite(archive, files)
    refused(archive, words)


def test_a_password_is_told(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(mark) + flags] |= 1
    archive.write_bytes(bytes(data))
    refused(archive, "password")


@pytest.mark.parametrize("method", [zipfile.ZIP_LZMA, zipfile.ZIP_BZIP2], ids=["lzma", "bzip2"])
def test_what_is_packed_in_another_way_is_refused(method: int, archive: Path) -> None:
    """An LZMA stream may ask for gigabytes of memory in its first bytes."""
    files = contents(archive)
    with zipfile.ZipFile(archive, "w", method) as file:
        for name, data in files.items():
            file.writestr(name, data)
    refused(archive, "packed as `bridge pack` does not")


def test_a_table_of_contents_that_points_before_the_file_is_refused(archive: Path) -> None:
    data = bytearray(archive.read_bytes())
    (place,) = struct.unpack_from("<I", data, len(data) - 6)
    struct.pack_into("<I", data, len(data) - 6, place + 100)
    archive.write_bytes(data)
    refused(archive, "no shared preset|damaged")


def test_what_is_no_archive_is_told_before_what_is_in_its_place(archive: Path) -> None:
    with pytest.raises(UserError, match="mine does not exist"):
        unpack(archive.parent / "mine", archive.parent / "mine")


def test_a_bundled_instruments_notice_goes_along_however_often_it_is_shared(tmp_path: Path) -> None:
    pack(Preset.open("pad"), tmp_path / "first.zip")
    _, preset = unpack(tmp_path / "first.zip", tmp_path / "out")
    pack(preset, tmp_path / "second.zip")
    assert (tmp_path / "second.zip").read_bytes() == (tmp_path / "first.zip").read_bytes()


def test_what_is_there_already_is_left_alone(archive: Path) -> None:
    out = archive.parent / "out"
    out.mkdir()
    (out / "mine.toml").write_text("mine")
    refused(archive, "nothing of yours is written over")
    assert (out / "mine.toml").read_text() == "mine"


def test_a_folder_that_is_missing_is_told(archive: Path) -> None:
    with pytest.raises(UserError, match="does not exist"):
        unpack(archive, archive.parent / "no" / "out")
