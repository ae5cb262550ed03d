"""The LV2 plugin: its description, and in jalv, live on a JACK server, notes at the very frame of JACK's MIDI."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import jack_server
import pytest
from click_instrument import HEARD_CLICK, onsets, write_click_preset
from jack_probe import Probe
from plugin_ids import PARAMETERS
from plugin_rig import ServingEngine

URI = "https://producergan.org/plugin"
BLOCK, RATE = 128, 48000
OFFSETS = (0, 1, 63, 127)
KEYS = (36, 40, 45, 50)
DEADLINE_S = 60.0
PORTS = 17  # sixteen of audio, and MIDI
CORE = "http://lv2plug.in/ns/lv2core#"
DOAP = "http://usefulinc.com/ns/doap#"
CHOICES = ("polyphony", "voices", "filter", "bypass")
# (subject, property) of what JUCE writes otherwise than the specification has it, in every plugin; hosts overlook it.
JUCES = {
    (URI, f"{DOAP}maintainer"),
    (URI, f"{DOAP}release"),
    (f"{URI}:UI", f"{CORE}extensionData"),
    (f"{URI}:UI", f"{CORE}optionalFeature"),
    ("(nameless)", f"{URI}:Program"),
    *((f"{URI}:{choice}", f"{CORE}portProperty") for choice in CHOICES),
}


@pytest.fixture
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running(RATE, BLOCK) as server:
        yield server


@pytest.fixture
def jalv(lv2: Path, server: jack_server.JackServer, engine: ServingEngine, tmp_path: Path) -> Iterator[list[str]]:
    """Runs the plugin; its ports."""
    assert shutil.which("jalv"), "jalv is not installed"
    preset = write_click_preset(tmp_path, sample_rate=RATE)
    environment = {**server.environment, **engine.environment(preset), "LV2_PATH": str(lv2.parent)}
    process = subprocess.Popen(
        ["jalv", "-x", "-n", "plugin", URI],
        stdin=subprocess.PIPE,  # it ends with its input
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env={**os.environ, **environment},
    )
    try:
        end = time.monotonic() + DEADLINE_S
        while len(ports := [port for port in server.ports() if port.startswith("plugin:")]) < PORTS:
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < end, ports
            time.sleep(0.05)
        yield ports
    finally:
        process.terminate()
        process.communicate(timeout=DEADLINE_S)


def connect(server: jack_server.JackServer, source: str, target: str) -> None:
    subprocess.run(["jack_connect", "-s", server.name, source, target], env=server.environment, check=True, timeout=10)


@pytest.mark.jack
def test_notes_begin_at_their_frames_in_jalv(server: jack_server.JackServer, jalv: list[str]) -> None:
    (midi,) = (port for port in jalv if "audio" not in port)
    audio = [port for port in jalv if "audio_out" in port]
    assert len(audio) == 16
    frames = [4 * BLOCK * (i + 1) + offset for i, offset in enumerate(OFFSETS)]
    with Probe("host", server.environment) as probe:
        connect(server, "host:keys", midi)
        connect(server, audio[0], "host:in_1")
        connect(server, audio[1], "host:in_2")
        events = [(frame, bytes((0x90, key, 127))) for frame, key in zip(frames, KEYS, strict=True)]
        end = time.monotonic() + DEADLINE_S
        while True:  # until the engine has sent the sounds, and JACK was on time
            take = probe.undisturbed(events, 40 * BLOCK)
            found = [onsets(take.audio[:, channel], HEARD_CLICK) for channel in (0, 1)]
            if len(found[0]) == len(frames) or time.monotonic() > end:
                break
        # From one client's output to the other's and back is a whole number of JACK's cycles.
        late = found[0][0] - frames[0]
        assert late % BLOCK == 0
        assert found == [[frame + late for frame in frames]] * 2


def faults(bundle: Path) -> set[tuple[str, str]]:
    """(subject, property) of what `lv2_validate` finds wrong in a bundle, held against the specification."""
    files = sorted(bundle.glob("*.ttl"))
    assert len(files) == 3
    done = subprocess.run(["lv2_validate", *files], capture_output=True, text=True, timeout=DEADLINE_S)
    said = re.search(r"Found (\d+) errors among", done.stdout)
    assert said, done.stdout + done.stderr
    found = re.findall(r"^error: .*\n+ +(\S+)\n +(\S+)\n", done.stderr, re.MULTILINE)
    assert len(found) == int(said[1]), done.stderr
    wrong = {("(nameless)" if re.fullmatch(r"b\d+", subject) else subject, of) for subject, of in found}
    return wrong | {(path, "syntax") for path in re.findall(r"^error reading (\S+):", done.stderr, re.MULTILINE)}


def test_the_bundle_is_what_lv2_specifies_but_for_juces_own_ways(lv2: Path) -> None:
    assert faults(lv2) <= JUCES


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('lv2:symbol "latency"', 'lv2:symbol "la tency"'),
        ("a lv2:Parameter ;", "a lv2:Parametre ;"),
        ('doap:name "ProducerGAN" ;', ""),
        ("a lv2:Parameter ;", "a lv2:Parameter"),
    ],
    ids=["symbol", "type", "name", "syntax"],
)
def test_that_check_finds_what_is_wrong(right: str, wrong: str, lv2: Path, tmp_path: Path) -> None:
    bundle = tmp_path / lv2.name
    bundle.mkdir()
    for file in lv2.glob("*.ttl"):
        text = file.read_text()
        if file.name == "dsp.ttl":
            assert right in text
            text = text.replace(right, wrong, 1)
        (bundle / file.name).write_text(text)
    assert faults(bundle) - JUCES


def test_no_parameter_is_called_otherwise(lv2: Path) -> None:
    words = ["sordi", "-o", "ntriples", str(lv2 / "dsp.ttl")]
    triples = subprocess.run(words, capture_output=True, text=True, check=True, timeout=DEADLINE_S).stdout
    found = [line.split()[0] for line in triples.splitlines() if line.endswith(f"<{CORE}Parameter> .")]
    assert sorted(found) == sorted(f"<{URI}:{name}>" for name in PARAMETERS)
