"""The port process against real ports, on a JACK server without a sound card."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from unittest.mock import MagicMock

import jack_server
import pytest
import rtmidi

from engine import midi_ports
from engine.errors import UserError
from engine.midi import MidiInput, input_names
from engine.midi_ports import bridged, distinct, wanted
from engine.midi_stamp import release_all

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")]

NOTE = (0x90, 60, 100)
KEYBOARD = "Keyboard:keys"
VIRTUAL = "ProducerGAN-MIDI:ProducerGAN"


@pytest.fixture(scope="module")
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running() as running:
        yield running


@pytest.fixture
def midi(server: jack_server.JackServer) -> Iterator[MidiInput]:
    midi = MidiInput(api="jack")
    assert midi.wait_ready()
    yield midi
    midi.close()


@pytest.fixture
def keyboard(server: jack_server.JackServer) -> Iterator[rtmidi.MidiOut]:
    out = plug_in()
    yield out
    out.delete()


def plug_in(client: str = "Keyboard", port: str = "keys") -> rtmidi.MidiOut:
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name=client)
    out.open_virtual_port(port)
    return out


def until(condition: Callable[[], object], deadline_s: float = 30.0) -> None:
    end = time.monotonic() + deadline_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)


def is_open(midi: MidiInput, server: jack_server.JackServer) -> bool:
    return KEYBOARD in midi.ports() and bool(server.connections().get(KEYBOARD))


class Collected:
    """Everything that a ring has given so far."""

    def __init__(self, ring: object) -> None:
        self._reader = ring.reader()  # type: ignore[attr-defined]
        self.events: list[tuple[int, int, bytes]] = []

    def read(self) -> list[bytes]:
        self.events += self._reader.read()
        return [message for _, _, message in self.events]


def test_every_note_arrives_in_order_with_rising_stamps(
    server: jack_server.JackServer, keyboard: rtmidi.MidiOut, midi: MidiInput
) -> None:
    until(lambda: is_open(midi, server))
    got = Collected(midi.ring)
    sent = [bytes((0x90 if i % 2 == 0 else 0x80, i % 128, 1 + i % 127)) for i in range(1000)]
    for i, message in enumerate(sent):
        keyboard.send_message(message)
        if i % 10 == 9:
            time.sleep(0.001)
    until(lambda: len(got.read()) >= len(sent))
    assert got.read() == sent
    stamps = [stamp for stamp, _, _ in got.events]
    assert stamps == sorted(stamps)
    assert stamps[-1] <= time.monotonic_ns()


def test_clock_and_sysex_stay_out_of_the_ring(
    server: jack_server.JackServer, keyboard: rtmidi.MidiOut, midi: MidiInput
) -> None:
    until(lambda: is_open(midi, server))
    got = Collected(midi.ring)
    for message in (b"\xf8", b"\xfe", b"\xf0\x01\x02\x03\xf7", bytes(NOTE), b"\xe0\x00\x40", b"\xc0\x05"):
        keyboard.send_message(message)
    until(lambda: b"\xc0\x05" in got.read())
    assert got.read() == [bytes(NOTE), b"\xe0\x00\x40", b"\xc0\x05"]


def test_another_program_plays_the_virtual_port(server: jack_server.JackServer, midi: MidiInput) -> None:
    assert midi.ports() == ["ProducerGAN"]
    out = rtmidi.MidiOut(rtmidi.API_UNIX_JACK, name="DAW")
    out.open_port(out.get_ports().index(VIRTUAL), "track")
    got = Collected(midi.ring)
    out.send_message(NOTE)
    until(got.read)
    assert got.read() == [bytes(NOTE)]
    out.delete()


def test_a_keyboard_that_goes_lets_go_of_its_notes_and_is_opened_when_it_returns(
    server: jack_server.JackServer, midi: MidiInput
) -> None:
    out = plug_in()
    until(lambda: is_open(midi, server))
    got = Collected(midi.ring)
    out.send_message(NOTE)
    out.send_message((0xB0, 64, 127))
    until(lambda: len(got.read()) == 2)
    out.delete()
    until(lambda: len(got.read()) == 4)
    assert got.read()[2:] == [b"\xb0\x40\x00", b"\x80\x3c\x00"]
    until(lambda: KEYBOARD not in midi.ports())
    out = plug_in()
    until(lambda: is_open(midi, server))
    out.send_message(NOTE)
    until(lambda: len(got.read()) == 5)
    out.delete()


def test_a_killed_port_process_is_back_within_two_seconds_and_nothing_hangs(
    server: jack_server.JackServer, keyboard: rtmidi.MidiOut, midi: MidiInput
) -> None:
    until(lambda: is_open(midi, server))
    got, local = Collected(midi.ring), Collected(midi.local_ring)
    keyboard.send_message(NOTE)
    until(got.read)
    assert midi.pid is not None
    killed = time.monotonic()
    os.kill(midi.pid, signal.SIGKILL)
    until(midi.supervise)
    assert local.read() == release_all()
    until(lambda: midi.ready() and is_open(midi, server))
    assert time.monotonic() - killed < 2
    assert midi.restarts == 1
    assert VIRTUAL in server.ports()
    keyboard.send_message((0x90, 61, 100))
    until(lambda: b"\x90\x3d\x64" in got.read())


def test_restarts_in_a_row_are_spaced_by_the_clock(server: jack_server.JackServer) -> None:
    now = [0.0]
    midi = MidiInput(api="jack", clock=lambda: now[0])
    for expected in (1, 2):
        assert midi.wait_ready()
        os.kill(midi.pid or 0, signal.SIGKILL)
        until(midi.supervise)
        if expected == 2:
            assert midi.restarts == 1
            midi.supervise()
            assert midi.restarts == 1
            now[0] += 0.2
            midi.supervise()
        assert midi.restarts == expected
    midi.close()


def test_closing_takes_less_than_half_a_second_and_leaves_nothing(server: jack_server.JackServer) -> None:
    midi = MidiInput(api="jack")
    assert midi.wait_ready()
    folder = midi._folder
    start = time.monotonic()
    midi.close()
    assert time.monotonic() - start < 0.5
    assert not folder.exists()
    until(lambda: not any(name.startswith("ProducerGAN") for name in server.ports()))


def test_the_port_process_ends_when_its_parent_is_killed_and_leaves_nothing(server: jack_server.JackServer) -> None:
    code = (
        "import time; from engine.midi import MidiInput; midi = MidiInput(api='jack'); midi.wait_ready();"
        "print(midi.pid, midi._folder, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, folder = parent.stdout.readline().split()
        os.kill(int(child), 0)
        parent.kill()
    until(lambda: not alive(int(child)))
    assert not os.path.exists(folder)


def alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_only_the_keyboards_asked_for_are_opened(server: jack_server.JackServer, keyboard: rtmidi.MidiOut) -> None:
    other = plug_in("Pads", "out")
    midi = MidiInput(["pads"], api="jack")
    until(lambda: "Pads:out" in midi.ports())
    assert KEYBOARD not in midi.ports()
    midi.close()
    other.delete()


def test_the_virtual_port_can_be_the_only_one(server: jack_server.JackServer, keyboard: rtmidi.MidiOut) -> None:
    midi = MidiInput(["ProducerGAN"], api="jack")
    assert midi.wait_ready()
    assert midi.ports() == ["ProducerGAN"]
    midi.close()


def test_an_unknown_keyboard_is_an_error_that_lists_those_there(
    server: jack_server.JackServer, keyboard: rtmidi.MidiOut
) -> None:
    with pytest.raises(UserError, match=r'no MIDI input "Moog".*"Keyboard:keys"'):
        MidiInput(["Moog"], api="jack")


def test_input_names_leaves_out_our_own_ports(
    server: jack_server.JackServer, keyboard: rtmidi.MidiOut, midi: MidiInput
) -> None:
    until(lambda: is_open(midi, server))
    assert input_names("jack") == [KEYBOARD]


def test_the_port_process_outlives_the_jack_server() -> None:
    with jack_server.running() as server:
        midi = MidiInput(api="jack")
        assert midi.wait_ready()
        local = Collected(midi.local_ring)
        server.stop()
        until(midi.supervise)
        assert local.read() == release_all()
        until(lambda: midi.supervise() or midi.ready())
        assert midi.ports() == []
        server.start()
        until(lambda: midi.supervise() or midi.ports() == ["ProducerGAN"])
        assert VIRTUAL in server.ports()
        midi.close()


def test_the_port_process_is_up_quickly(server: jack_server.JackServer) -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import engine.midi_ports"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    for heavy in ("numpy", "onnx", "sounddevice", "torch"):
        assert f" {heavy}\n" not in loaded


def test_which_ports_are_opened_by_default() -> None:
    assert wanted("Keystation 49:Keystation 49 MIDI 1 20:0", [])
    assert not wanted("Midi Through:Midi Through Port-0 14:0", [])
    assert wanted("Midi Through:Midi Through Port-0 14:0", ["through"])
    assert not wanted(VIRTUAL, [])


def test_the_systems_keyboards_are_not_read_twice_where_jack_shows_them() -> None:
    assert bridged(["system:midi_capture_1"])
    assert bridged(["a2j:Keystation (capture): MIDI 1"])
    assert bridged(["Midi-Bridge:Keystation"])
    assert not bridged(["Keyboard:keys"])


def test_a_server_that_gives_no_port_does_not_hold_up_the_other_keyboards(monkeypatch: pytest.MonkeyPatch) -> None:
    # As with PipeWire, which answers to the system's JACK library but not to the one inside RtMidi.
    now, waits = [0], []
    monkeypatch.setattr(midi_ports, "now_ns", lambda: now[0])
    monkeypatch.setattr(midi_ports, "jack_client", lambda name: MagicMock())
    monkeypatch.setattr(midi_ports.Backend, "start", lambda self: False)
    monkeypatch.setattr(midi_ports.time, "sleep", waits.append)
    backend = midi_ports.JackBackend("jack", (), itertools.count())
    for _ in range(100):
        assert not backend.start()
        now[0] += midi_ports.SCAN_NS
    assert sum(waits) == pytest.approx(midi_ports.NAME_TRIES * midi_ports.NAME_WAIT_S)


def test_two_keyboards_of_one_kind_are_told_apart() -> None:
    assert distinct(["Pads", "Keys", "Pads"]) == ["Pads", "Keys", "Pads (2)"]


def test_devices_lists_the_keyboard(server: jack_server.JackServer, keyboard: rtmidi.MidiOut) -> None:
    command = [sys.executable, "-c", "import engine.cli; raise SystemExit(engine.cli.main())", "devices", "--json"]
    found = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert {"name": "JACK", "inputs": [KEYBOARD]} in found["midi"]
    (api,) = [api for api in found["audio"] if "JACK" in api["name"]]
    assert api["devices"][0]["channels"] == 2
