"""What a kit consists of, and its WAV files."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import exiftool
import numpy as np
import pytest
import soundfile
from kit_presets import EVERYTHING, kit_of, load, zone
from tiny_instrument import write_tiny_instrument
from wavinfo import WavInfoReader

from bridge import riff
from bridge.kits.export import export
from bridge.kits.formats import FORMATS
from bridge.kits.kit import ONE_SHOT, layer_velocities, take_apart
from bridge.kits.left_out import FEATURES, left_out
from engine import parameters
from engine.data import bundled_presets
from engine.errors import UserError
from engine.hands import Hands
from engine.moves import latents
from engine.preset import Preset
from engine.sound_string import SoundString

# What every format says of a zone, and so is in no row of what may be left out.
ALWAYS_SAID = frozenset(
    [
        "gain_db",
        "pan",
        "tune",
        "velocity_track",
        "attack",
        "decay",
        "sustain",
        "release",
        "start",
        "reverse",
        "mode",
        "loop_start",
        "loop_end",
        "loop_crossfade",
        "choke",
        "filter_attack",
        "filter_decay",
        "filter_sustain",
        "filter_release",
        "master_gain_db",
    ]
)
NOT_ABOUT_SOUND = frozenset({"limiter"})  # there for safety, off in every plugin


def test_every_parameter_of_the_sampler_is_said_or_may_be_left_out() -> None:
    told = {name for row in FEATURES for name in row.parameters}
    assert {row.id for row in parameters.table()} - told == ALWAYS_SAID | NOT_ABOUT_SOUND


def test_formats_say_features_that_there_are() -> None:
    for row in FORMATS.values():
        assert row.says <= {feature.id for feature in FEATURES}


@pytest.mark.parametrize("layers", [1, 2, 3, 4])
def test_layers_are_the_samplers_own(layers: int) -> None:
    ranges = [layer_velocities(layer, layers) for layer in range(layers)]
    assert [velocity for low, high in ranges for velocity in range(low, high + 1)] == list(range(1, 128))
    for velocity in range(1, 128):
        low, high = ranges[(velocity - 1) * layers // 127]
        assert low <= velocity <= high


def test_only_what_a_preset_uses_is_told_as_left_out(tmp_path: Path) -> None:
    plain = take_apart(load(tmp_path, zone('mode = "gated"', "velocity_curve = 1")))
    for row in FORMATS.values():
        assert left_out(plain, row.says) == ["the exact curve of decay and release"]
    rich = take_apart(load(tmp_path, EVERYTHING))
    told = {name: left_out(rich, row.says) for name, row in FORMATS.items()}
    assert "the envelope's hold" not in told["sfz"]
    assert set(told["sfz"]) < set(told["decentsampler"])
    assert len(told["sfz"]) == len(
        [row for row in FEATURES if row.id not in {*FORMATS["sfz"].says, "loud", "output", "mpe_members"}]
    )


def test_names_say_zone_key_layer_and_sibling(tmp_path: Path) -> None:
    kit = take_apart(load(tmp_path, EVERYTHING))
    names = [sample.name for sample in kit.samples]
    assert names[0] == "Brue-1-036-C2-v1-r1.wav"
    assert len({name.lower() for name in names}) == len(names) == 4 * 6 + 2
    assert "Brue-1-037-Cs2-v3-r2.wav" in names


def test_two_zones_of_one_name_on_paper_keep_their_files_apart(tmp_path: Path) -> None:
    two = zone() + '\n[[zone]]\nname = "KEYS!"\nkeys = "36"\nsource = "seeds"\n'
    names = [sample.name.lower() for sample in take_apart(load(tmp_path, two)).samples]
    assert len(set(names)) == len(names) == 5


def test_keys_that_draw_new_seeds_are_no_part_of_it(tmp_path: Path) -> None:
    kit = take_apart(load(tmp_path, zone().replace("\n[[zone]]", '\n[random]\nlast_key = "note 37"\n\n[[zone]]')))
    assert [sample.key for sample in kit.samples] == [36, 38, 39]


def test_a_preset_without_a_sounding_key_is_refused(tmp_path: Path) -> None:
    text = zone(keys="36").replace("\n[[zone]]", '\n[random]\nlast_key = "note 36"\n\n[[zone]]')
    with pytest.raises(UserError, match="nothing to make a kit of"):
        export(load(tmp_path, text), tmp_path / "kit")
    assert not (tmp_path / "kit").exists()


def test_the_wav_files_are_the_presets_sounds_tagged(tmp_path: Path) -> None:
    preset, folder = kit_of(tmp_path, zone('mode = "gated"', "siblings = 2"), channels=2)
    kit = take_apart(preset)
    assert sorted(path.name for path in (folder / "Samples").iterdir()) == sorted(one.name for one in kit.samples)
    slots = [(sample.key, sample.sibling) for sample in kit.samples]
    clips = preset.opened.generate(latents(preset, 0, slots, Hands(preset.positions)))
    for sample, clip in zip(kit.samples, clips, strict=True):
        audio, rate = soundfile.read(folder / "Samples" / sample.name)
        assert rate == 16000
        assert np.abs(audio.T - clip)[:, :-32].max() < 2.0**-23  # but for the fade of 2 ms at the end
        assert np.abs(audio[-1]).max() < np.abs(clip[:, -32:]).max() / 30
        seen = WavInfoReader(folder / "Samples" / sample.name, info_encoding="utf-8")
        assert seen.smpl.midi_note == sample.key
        assert seen.info.copyright == preset.opened.licence
        assert seen.info.product == "Mine"
        string = SoundString.parse(seen.info.comment)
        assert string.latent(8, "uniform").tobytes() == sample.z.tobytes()
        assert (string.seed is not None) == (sample.sibling == 0)
    assert seen.info.title == "keys 39 (D#2), 2 of 2"


@pytest.mark.parametrize("name", bundled_presets())
def test_the_wav_files_say_where_they_lie(name: str, tmp_path: Path) -> None:
    preset = Preset.open(name)
    export(preset, tmp_path / "kit")
    kit = take_apart(preset)
    seen = exiftool.tags([tmp_path / "kit" / "Samples" / sample.name for sample in kit.samples])
    for sample, tags in zip(kit.samples, seen, strict=True):
        zone, root = kit.zones[sample.zone], sample.key if sample.root is None else sample.root
        assert (tags["UnshiftedNote"], tags["MIDIUnityNote"], tags["Gain"]) == (root, root, round(zone.get("gain_db")))
        assert (tags["LowNote"], tags["HighNote"]) == sample.keys
        assert (tags["LowVelocity"], tags["HighVelocity"]) == sample.velocities
        one_shot, has_root = zone.mode == ONE_SHOT, sample.root is not None
        assert tags["AcidizerFlags"] == (riff.ONE_SHOT if one_shot else 0) | (riff.ROOT_IS_SET if has_root else 0)
        assert tags["NumSampleLoops"] == (zone.loop is not None)


def test_a_loop_is_crossfaded_in_the_file_and_marked(tmp_path: Path) -> None:
    lines = ('mode = "loop"', "loop_start = 0.25", "loop_end = 0.5", "loop_crossfade = 0.05")
    preset, folder = kit_of(tmp_path, zone(*lines, source='source = "chromatic"\nroot = 40'))
    (path,) = (folder / "Samples").iterdir()
    seen = WavInfoReader(path).smpl
    assert seen.midi_note == 40
    assert [(loop.start, loop.end) for loop in seen.sample_loops] == [(4096, 8191)]
    audio, _ = soundfile.read(path)
    clip = preset.opened.generate(take_apart(preset).samples[0].z)[0, 0]
    assert np.abs(audio[:7392] - clip[:7392]).max() < 2.0**-23
    share = np.arange(800) / 800
    faded = (1 - share) * clip[7392:8192] + share * clip[3296:4096]
    assert np.abs(audio[7392:8192] - faded).max() < 1e-6
    assert np.abs(audio[8192:] - audio[4096 : 4096 + len(audio) - 8192]).max() < 1e-9


def test_reversed_sounds_are_written_backwards(tmp_path: Path) -> None:
    preset, folder = kit_of(tmp_path, zone("reverse = true", keys="36"))
    (path,) = (folder / "Samples").iterdir()
    audio, _ = soundfile.read(path)
    clip = preset.opened.generate(take_apart(preset).samples[0].z)[0, 0]
    assert np.abs(audio[:-32] - clip[::-1][:-32]).max() < 2.0**-23


def test_what_is_there_already_is_left_alone(tmp_path: Path) -> None:
    preset = load(tmp_path, zone())
    (tmp_path / "kit").mkdir()
    (tmp_path / "kit" / "mine.wav").write_bytes(b"mine")
    with pytest.raises(UserError, match="nothing of yours is written over"):
        export(preset, tmp_path / "kit")
    assert [path.name for path in (tmp_path / "kit").iterdir()] == ["mine.wav"]
    (tmp_path / "kit" / "mine.wav").unlink()
    export(preset, tmp_path / "kit")
    assert (tmp_path / "kit" / "Mine.sfz").is_file()


def test_nothing_is_left_behind_where_a_kit_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    preset = load(tmp_path, zone())
    before = sorted(tmp_path.iterdir())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bridge.kits.export.write_samples", full)
    with pytest.raises(OSError, match="No space"):
        export(preset, tmp_path / "kit")
    assert sorted(tmp_path.iterdir()) == before


def test_a_sound_that_is_no_numbers_is_told(tmp_path: Path) -> None:
    preset = load(tmp_path, zone(), amplitude=float("nan"))
    with pytest.raises(UserError, match="no numbers"):
        export(preset, tmp_path / "kit")


@pytest.mark.parametrize("name", bundled_presets())
def test_each_bundled_preset_becomes_a_kit(name: str, tmp_path: Path) -> None:
    preset = Preset.open(name)
    written = export(preset, tmp_path / "kit")
    assert written["samples"] == len(list((tmp_path / "kit" / "Samples").iterdir()))
    note = (tmp_path / "kit" / "README.txt").read_text(encoding="utf-8")
    assert preset.opened.licence in note
    assert preset.opened.digest in note
    assert "Frank Wen" in (tmp_path / "kit" / "LICENCE.md").read_text(encoding="utf-8")


def test_the_command_writes_a_kit_and_says_what_is_left_out(tmp_path: Path) -> None:
    write_tiny_instrument(tmp_path / "tiny.onnx")
    words = [Path(sys.executable).parent / "bridge", "kit", "tiny.onnx", "-o", "kit"]
    result = subprocess.run([*words, "--json"], cwd=tmp_path, capture_output=True, text=True, check=True)
    told = json.loads(result.stdout)
    assert told["samples"] == 61
    assert list(told["formats"]) == list(FORMATS)
    assert (tmp_path / "kit" / told["formats"]["sfz"]["file"]).is_file()
    again = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert again.returncode == 1
    assert "is there already" in again.stderr
    one = [*words[:-1], "other", "--formats", "sfz"]
    said = subprocess.run(one, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert "SFZ leaves out: the macros" in said
    assert "DecentSampler" not in said
    wrong = subprocess.run([*words, "--formats", "xpm"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert wrong.returncode == 2
    assert "sfz, decentsampler" in wrong.stderr


def test_the_command_knows_the_table_of_formats() -> None:
    from bridge.commands.kit import NAMES

    assert tuple(FORMATS) == NAMES


def test_the_page_has_the_table_of_what_is_left_out() -> None:
    rows = [["what a preset can ask for", *(row.label for row in FORMATS.values())], ["---"] * (1 + len(FORMATS))]
    rows += [
        [feature.words, *("yes" if feature.id in row.says else "no" for row in FORMATS.values())]
        for feature in FEATURES
    ]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    page = Path(__file__).resolve().parents[3] / "docs" / "kits.md"
    assert table in page.read_text(encoding="utf-8"), f"put this into docs/kits.md:\n{table}"
