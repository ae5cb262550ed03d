"""Clients with a preset: what they are sent, in which order, and that they harm nobody else."""

import gc
import os
import random
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from link_rig import Plugin
from tiny_instrument import write_loop_preset, write_tiny_instrument

from bridge import guest as guest_module
from bridge import guests as guests_module
from bridge import link_connection, preset_rows
from bridge.guests import Guests
from bridge.link import Link, RefusedError, engines_status
from bridge.link_server import Server
from bridge.link_table import MESSAGES, TO_ENGINE
from bridge.runtime_folder import listen, make_link_folder
from engine.clip_store import ClipStore
from engine.generator import Generator
from engine.generators import Generators
from engine.instrument import Instrument
from engine.preset import Preset
from engine.sound_string import SoundString

SEEDS = """
format = 1
name = "Seeds"
instrument = "tiny.onnx"

[[zone]]
name = "keys"
keys = "36-39"
source = "seeds"
seed = 5
gain_db = -6.0

[[macro]]
id = 1
name = "Pitch"
controller = 20
targets = [
    { to = "direction:pitch", range = [0.0, 0.5] },
    { to = "cutoff", range = [1000, 2000], curve = "exponential" },
]
"""


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("PRODUCERGAN_RUNTIME", str(tmp_path / "run"))
    write_tiny_instrument(tmp_path / "tiny.onnx", frames=20000, channels=2)
    (tmp_path / "seeds.toml").write_text(SEEDS)
    return make_link_folder()


@pytest.fixture
def generators():
    return Generators("cpu")


@pytest.fixture
def guests(generators):
    guests = Guests(generators, lambda: ("null", "Nothing"), random.Random(1))
    yield guests
    guests.close()


@pytest.fixture
def server(folder, guests):
    server = Server(folder, guests, "ProducerGAN test")
    server.start()
    yield server
    server.close()


@pytest.fixture
def plugin(server):
    plugin = Plugin(server.path)
    yield plugin
    plugin.close()


def until(condition):
    """Waits for it; that it never comes is a failure."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.002)


def hold_open(guests, monkeypatch):
    """Opens no preset until the function that it returns has seen a message of a type wait for that."""
    gate, opened = threading.Event(), guests._open
    monkeypatch.setattr(guests, "_open", lambda fields: opened(fields) if gate.wait(20) else None)

    def go_on_with(type_):
        until(lambda: type_ in {one.type for guest in guests._guests for one in list(guest._messages)})
        gate.set()

    return go_on_with


def test_every_message_of_the_table_is_heard():
    types = {message.type for message in MESSAGES if message.direction == TO_ENGINE}
    assert set(guest_module.HEAR) == types - {"hello"}


def test_a_preset_comes_whole_and_is_what_the_instrument_makes(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    preset = Preset.load(tmp_path / "seeds.toml")
    sounds = preset.sounds({})
    assert plugin.table == {slot: sound.name for slot, sound in sounds.items()}
    for slot, sound in sounds.items():
        clip = plugin.clips[plugin.table[slot]]
        assert clip.whole
        assert np.abs(clip.audio - preset.opened.generate(sound.z())[0]).max() < 1e-6


def test_the_program_says_what_the_preset_is_before_macros_move_it(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    program = plugin.until("program")
    instrument = Instrument.open(tmp_path / "tiny.onnx")
    assert program["name"] == "Seeds"
    assert Preset.of_text(program["text"], "it", Path(program["folder"])) == Preset.load(tmp_path / "seeds.toml")
    assert program["instrument"]["digest"] == instrument.digest
    assert program["instrument"]["clip_frames"] == 20000
    (zone,) = program["zones"]
    assert zone["keys"] == [36, 37, 38, 39]
    assert zone["parameters"]["gain_db"] == -6
    assert zone["parameters"]["cutoff"] not in (1000, 2000)
    assert (zone["shared"], zone["path"], zone["fresh"]) == (False, False, False)
    assert program["claimed"] == [20]
    macro = program["macros"][0]
    assert (macro["id"], macro["controller"], macro["used"], macro["sounds"]) == (1, 20, True, True)
    assert macro["targets"] == [
        {"zone": -1, "play": False, "id": "cutoff", "low": 1000, "high": 2000, "curve": "exponential"}
    ]
    assert [knob["used"] for knob in program["macros"]] == [True] + [False] * 7


def test_the_first_blocks_of_all_keys_come_before_the_rest_of_any(plugin, tmp_path):
    plugin.open(write_loop_preset(tmp_path))
    plugin.settle()
    begun, last_first = set(), 0
    for place, (sound, start, _) in enumerate(plugin.blocks):
        if start == 0:
            begun.add(sound)
            last_first = place
    rest = [place for place, (_, start, _) in enumerate(plugin.blocks) if start >= 2 * 1024]
    assert len(begun) == 32
    assert min(rest) > last_first


def test_hands_move_the_sounds_and_only_what_changed_is_sent(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    before = dict(plugin.table)
    plugin.hands(positions=[1.0] + [0.0] * 7)
    plugin.settle()
    assert plugin.table == {
        slot: sound.name for slot, sound in Preset.load(tmp_path / "seeds.toml").sounds({1: 1.0}).items()
    }
    assert set(plugin.versions.values()) == {1}
    count = len(plugin.clips)
    plugin.hands()
    plugin.settle()
    assert plugin.table == before
    assert len(plugin.clips) == count  # those were there already
    assert all(clip.whole for clip in plugin.clips.values())


def test_hands_that_come_with_a_preset_are_those_it_begins_under(plugin, server, guests, tmp_path, monkeypatch):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    go_on_with = hold_open(guests, monkeypatch)
    again = Plugin(server.path, "comes back")
    again.have(plugin.clips)
    again.open(tmp_path / "seeds.toml")
    again.hands(positions=[0.75] + [0.0] * 7)
    go_on_with("hands")
    told = []
    while (message := again.link.receive()).type != "settled":
        if message.type == "set":
            told.append(message.fields["sound"])
    moved = Preset.load(tmp_path / "seeds.toml").sounds({1: 0.75})
    assert sorted(told) == sorted(sound.name for sound in moved.values())
    again.close()


def test_a_touch_moves_one_key(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    before = dict(plugin.table)
    plugin.hands(touches=[[37, 1, 1.0]])
    plugin.settle()
    assert {slot for slot in before if plugin.table[slot] != before[slot]} == {(0, 37, 0)}


def test_what_the_client_has_is_neither_made_nor_sent(plugin, server, tmp_path):
    names = [sound.name for sound in Preset.load(tmp_path / "seeds.toml").sounds({}).values()]
    plugin.have(names[:3])
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    assert sorted(plugin.table.values()) == sorted(names)
    assert list(plugin.clips) == names[3:]
    other = Plugin(server.path)
    other.open(tmp_path / "seeds.toml")
    other.settle()
    assert len(other.clips) == 4
    other.close()


def test_what_it_has_lost_is_sent_again(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    lost = plugin.table[0, 38, 0]
    del plugin.clips[lost]
    plugin.link.send("lost", sounds=[lost])
    plugin.settle()
    assert plugin.clips[lost].whole


def test_a_preset_by_its_text(plugin, tmp_path):
    plugin.open("My song", SEEDS, tmp_path)
    plugin.settle()
    assert plugin.program["folder"] == str(tmp_path)
    assert all(clip.whole for clip in plugin.clips.values())


def test_a_bare_instrument_and_a_bundled_preset(plugin, tmp_path):
    plugin.open(tmp_path / "tiny.onnx")
    plugin.until("program")
    assert plugin.program["name"] == "tiny"
    assert Preset.of_text(plugin.program["text"], "it", Path(plugin.program["folder"])).opened.name == "tiny"
    plugin.link.send("presets")
    rows = {name: path for name, path, _ in plugin.until("presets")["presets"]}
    assert any(path.endswith("drums.toml") for path in rows.values())
    assert rows["Seeds"] == str(tmp_path / "seeds.toml")  # it lies beside what is open


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("nothing", "", "There is no preset or instrument nothing;"),
        ("Song", "format = ", "Song is not a preset, since it is not valid TOML"),
        ("Song", SEEDS.replace("tiny.onnx", "gone.onnx"), "gone.onnx is missing"),
        ("", SEEDS.replace("gain_db", "gian_db"), "did you mean 'gain_db'"),
        ("Song", SEEDS.replace("direction:pitch", "direction:colour"), "no direction 'colour'"),
        ("x" * 3000, "", "cannot be opened"),
    ],
)
def test_what_cannot_be_opened_is_a_sentence_and_the_old_one_goes_on(plugin, tmp_path, name, text, says):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    serial = plugin.program["serial"]
    plugin.open(name, text, tmp_path)
    assert says in plugin.until("problem")["reason"]
    plugin.hands(positions=[0.25] * 8)
    plugin.settle()
    assert plugin.program["serial"] == serial


def test_another_preset_begins_when_its_keys_can(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    plugin.open(write_loop_preset(tmp_path / "b"))
    first = plugin.program["serial"]
    program = plugin.until("program")
    assert program["serial"] > first
    seen = {sound for sound, start, _ in plugin.blocks if start == 0}
    plugin.settle()
    assert len(plugin.table) == 32
    assert set(plugin.table.values()) <= seen  # what a note begins with was there before the program


def test_of_several_presets_asked_for_at_once_the_newest_is_opened(plugin, tmp_path):
    for number in range(5):
        plugin.open(f"Song {number}", SEEDS.replace('"Seeds"', f'"Song {number}"'), tmp_path)
    plugin.settle()
    names = [plugin.program["name"]]
    while names[-1] != "Song 4":
        names.append(plugin.until("program")["name"])
    assert len(names) <= 3


def test_a_reroll_a_lock_and_the_way_back(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    before = dict(plugin.table)
    plugin.link.send("lock", key=36, on=True)
    assert plugin.until("edited")["locked"] == [[0, [36]]]
    plugin.link.send("reroll", key=-1)
    edited = plugin.until("edited")
    plugin.settle()
    assert {slot for slot in before if plugin.table[slot] == before[slot]} == {(0, 36, 0)}
    again = Preset.of_text(edited["text"], "it", tmp_path)
    assert {slot: sound.name for slot, sound in again.sounds({}).items()} == plugin.table
    plugin.link.send("reroll", key=37)
    plugin.settle()
    plugin.link.send("undo")
    plugin.link.send("undo")
    plugin.settle()
    while plugin.table != before:
        plugin.hear()
    plugin.link.send("reroll", key=36)
    plugin.until("edited")
    assert plugin.table == before


def test_a_sound_is_copied_and_pasted(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    plugin.link.send("copy", key=36, variant=0)
    text = plugin.until("sound")["text"]
    assert SoundString.parse(text).seed == 5
    plugin.link.send("paste", key=39, text=text)
    plugin.until("notice")
    plugin.settle()
    assert plugin.table[0, 39, 0] == plugin.table[0, 36, 0]
    plugin.link.send("paste", key=39, text="rubbish")
    assert "not a sound string" in plugin.until("problem")["reason"]
    plugin.link.send("copy", key=100, variant=0)
    assert "no sound on E7" in plugin.until("problem")["reason"]


def test_nothing_can_be_edited_or_rendered_before_a_preset_is_open(plugin):
    for type_, fields in (("reroll", {"key": 1}), ("lock", {"key": 1, "on": True}), ("undo", {})):
        plugin.link.send(type_, **fields)
        assert "No preset is open" in plugin.until("problem")["reason"]
    plugin.hands()
    plugin.voices([1, 0, 0, 60, 60, 0, 0, 0.0, 1.0, 0, 0, 0, False, False, False])
    plugin.need(3, [(0, 36, 0)])
    done = plugin.until("done")
    assert (done["id"], done["sounds"]) == (3, [])
    assert "No preset is open" in done["reason"]


def test_a_need_is_whole_and_made_alone(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.until("program")
    hands = {"positions": [0.75] + [0.0] * 7}
    plugin.need(1, [(0, 36, 0), (0, 39, 0), (0, 36, 0)], **hands)
    done = plugin.until("done")
    preset = Preset.load(tmp_path / "seeds.toml")
    generator = Generator(preset.opened, "cpu", batches=(1,))
    assert done["reason"] == ""
    for key, name in zip((36, 39, 36), done["sounds"], strict=True):
        sound = preset.sound(0, key, 0, {1: 0.75})
        assert name == sound.name
        assert plugin.clips[name].whole
        expected = generator.generate(sound.z(), 0, generator.block_total)[0]
        assert np.abs(plugin.clips[name].audio - expected).max() < 1e-6
    count = len(plugin.blocks)
    plugin.need(2, [(0, 39, 0)], **hands)
    assert plugin.until("done")["sounds"] == [done["sounds"][1]]
    assert not {sound for sound, _, _ in plugin.blocks[count:]} & set(done["sounds"])  # it had them


def test_a_need_is_to_the_byte_what_a_render_makes_whatever_the_client_has(plugin, tmp_path):
    plugin.open("drums")
    plugin.settle()
    slots = list(plugin.table)[:4]
    live = {slot: plugin.sound_of(*slot).audio for slot in slots}
    plugin.have([plugin.table[slots[0]]])
    positions = [knob["position"] for knob in plugin.program["macros"]]
    preset = Preset.open("drums")
    generator = Generator(preset.opened, "cpu", batches=(1,))
    for number in range(2):
        count = len(plugin.blocks)
        plugin.need(number, slots, positions=positions)
        names = plugin.until("done")["sounds"]
        assert names == [plugin.table[slot] for slot in slots]
        assert len(plugin.blocks) - count == (0 if number else 4 * generator.block_total // 16)
        for slot, name in zip(slots, names, strict=True):
            expected = generator.generate(preset.sound(*slot, {}).z(), 0, generator.block_total)[0]
            assert np.array_equal(plugin.clips[name].audio, expected)
            assert np.abs(live[slot] - expected).max() < 2e-6  # what was played, made in batches, is all but the same
    plugin.hands(positions=positions)
    plugin.settle()


def test_a_need_that_cannot_be_answered_has_a_reason(plugin, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.until("program")
    for number, slot in enumerate([(1, 36, 0), (0, 60, 0), (0, 36, 1), (63, 127, 31)]):
        plugin.need(number, [(0, 36, 0), slot])
        done = plugin.until("done")
        assert done["id"] == number
        assert done["sounds"] == []
        assert str(slot) in done["reason"]
    plugin.need(9, [])
    assert plugin.until("done")["reason"] == ""


def test_a_need_comes_before_what_its_own_client_plays(plugin, guests, tmp_path, monkeypatch):
    order, go_on_with = [], hold_open(guests, monkeypatch)
    make = ClipStore.make

    def watched(self, sounds, first, blocks):
        order.append(len(sounds))
        return make(self, sounds, first, blocks)

    monkeypatch.setattr(ClipStore, "make", watched)
    plugin.open(write_loop_preset(tmp_path / "b"))
    plugin.need(1, [(0, 40, 0), (0, 50, 0)], positions=[0.5] * 8)
    go_on_with("need")
    done = plugin.until("done")
    assert done["reason"] == ""
    assert order[:2] == [1, 1]


def test_a_generator_that_fails_is_said_and_tried_again(plugin, tmp_path, monkeypatch):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    generate, broken = Generator.generate, threading.Event()
    broken.set()

    def failing(self, *arguments):
        if broken.is_set():
            raise RuntimeError("no memory")
        return generate(self, *arguments)

    monkeypatch.setattr(Generator, "generate", failing)
    plugin.hands(positions=[0.5] * 8)
    assert "fails to make sounds" in plugin.until("notice")["text"]
    plugin.need(1, [(0, 36, 0)], positions=[0.1] * 8)
    assert "no memory" in plugin.until("done")["reason"]
    broken.clear()
    plugin.settle()


def test_a_client_that_breaks_something_is_refused_and_the_others_go_on(plugin, server, tmp_path, monkeypatch):
    other = Plugin(server.path, "other")
    other.open(tmp_path / "seeds.toml")
    other.settle()

    def broken(self, fields):
        raise ZeroDivisionError("division by zero")

    monkeypatch.setitem(guest_module.HEAR, "undo", broken)
    plugin.link.send("undo")
    with pytest.raises(RefusedError, match="failed at what it was asked for"):
        plugin.until("edited")
    other.hands(positions=[0.5] * 8)
    other.settle()
    other.close()


def test_guests_and_the_engines_own_player_share_one_model(server, guests, generators, tmp_path, monkeypatch):
    made = []
    init = Generator.__init__

    def counted(self, *arguments, **options):
        made.append(self)
        init(self, *arguments, **options)

    monkeypatch.setattr(Generator, "__init__", counted)
    own = generators.generator(Preset.open(tmp_path / "seeds.toml", generators.instrument).opened)
    clients = [Plugin(server.path, f"client {number}") for number in range(2)]
    for client in clients:
        client.open(tmp_path / "seeds.toml")
        client.settle()
    assert made == [own]
    assert clients[0].table == clients[1].table
    assert {id(guest.store) for guest in guests._guests} == {id(guests._guests[0].store)}
    assert guests._guests[0].store.generator is own
    assert guests._guests[0].store.generated == 4  # each sound was made once
    for client in clients:
        client.close()


def test_what_sounds_is_made_first_from_where_it_has_got_to(plugin, tmp_path, monkeypatch):
    plugin.open(write_loop_preset(tmp_path / "b"))
    plugin.settle()
    serial = plugin.program["serial"]
    make, jobs = ClipStore.make, []

    def watched(self, sounds, first, blocks):
        jobs.append((first, [sound.name for sound in sounds]))
        return make(self, sounds, first, blocks)

    monkeypatch.setattr(ClipStore, "make", watched)
    plugin.voices([7, serial, 0, 60, 60, 0, 0, 9000.0, 0.33, 0, 16000, 500, True, False, False], clock=480)
    plugin.hands(positions=[0.0] * 8, morph=[0.0, 0.0])
    plugin.link.send("reroll", key=-1)
    plugin.until("edited")
    plugin.settle()
    assert plugin.table[0, 60, 0] in jobs[0][1]
    assert jobs[0][0] in (7, 8, 9)


def test_reports_that_make_no_sense_harm_nothing(plugin, tmp_path):
    plugin.open(write_loop_preset(tmp_path / "b"))
    plugin.until("program")
    serial = plugin.program["serial"]
    draw = random.Random(3)
    rows = [
        [
            number,
            serial,
            draw.randrange(64),
            draw.randrange(128),
            draw.randrange(128),
            draw.randrange(32),
            draw.randrange(16),
            draw.choice([-1e9, 0.0, 5000.5, 1e9]),
            draw.choice([-1e4, 0.0, 1.0, 1e4]),
            draw.randrange(1 << 22),
            draw.randrange(1 << 22),
            draw.randrange(1 << 22),
            draw.random() < 0.5,
            draw.random() < 0.5,
            draw.random() < 0.5,
        ]
        for number in range(512)
    ]
    for clock in (0, 2**53 - 1, 5):
        plugin.voices(*rows, clock=clock)
        plugin.hands(positions=[draw.random()] * 8)
    plugin.settle()


def test_a_client_that_reads_nothing_costs_a_bounded_buffer_and_nobody_else_anything(server, guests, tmp_path):
    stalled = Plugin(server.path, "stalled")
    stalled.open(write_loop_preset(tmp_path / "b"))
    other = Plugin(server.path, "other")
    other.open(tmp_path / "b" / "loop.toml")
    other.settle()
    for number in range(20):
        stalled.hands(positions=[number / 20] * 8)
        other.hands(positions=[number / 20] * 8)
    other.settle()
    (behind,) = [one for one in server._connections if one.client == "stalled"]
    assert behind._out_bytes < 4 << 20
    stalled.settle()  # it wakes up, and all is well
    stalled.close()
    other.close()


def rounds(server, count=5):
    """Has every guest have its turn so many times."""
    with Link(server.path, "rounds", timeout=20) as link:
        for _ in range(count):
            link.ask("ask", "report")


def test_answers_that_nobody_reads_do_not_pile_up(server, guests, tmp_path, monkeypatch):
    monkeypatch.setattr(link_connection, "ROOM_BYTES", 1 << 14)
    for number in range(100):
        (tmp_path / f"{number}.toml").write_text(SEEDS.replace('"Seeds"', f'"Seeds"\nabout = "{"x" * 4000}"'))
    deaf = Plugin(server.path, "deaf")
    deaf.open(tmp_path / "seeds.toml")
    deaf.settle()
    for _ in range(50):
        deaf.link.send("presets")
    (connection,) = [one for one in server._connections if one.client == "deaf"]
    until(lambda: connection._out_bytes > 1 << 14)
    rounds(server)
    assert connection._out_bytes < 1 << 20  # what the room lets in, and one answer
    for _ in range(50):
        assert len(deaf.link.wait_for("presets").fields["presets"]) > 100
    deaf.close()


@pytest.mark.parametrize(
    ("type_", "fields", "answer"),
    [("presets", {}, "presets"), ("reroll", {"key": -1}, "edited"), ("undo", {}, "edited")],
)
def test_who_floods_takes_no_more_than_its_turns(server, guests, tmp_path, monkeypatch, type_, fields, answer):
    clock, log, gate = [0.0], [], threading.Event()  # what is heard costs time; nothing else does
    monkeypatch.setattr(guests, "_clock", lambda: clock[0])

    def costly(name, hear):
        def hears(guest, fields):
            log.append((guest.connection.client, name))
            clock[0] += guest_module.TURN_SECONDS / 4
            hear(guest, fields)

        return hears

    for name, hear in guest_module.HEAR.items():
        monkeypatch.setitem(guest_module.HEAR, name, costly(name, hear))
    monkeypatch.setitem(guest_module.HEAR, "ask", costly("ask", lambda guest, fields: gate.wait(60)))
    send = link_connection.Connection.send

    def watched(connection, type_, *body, **fields):
        log.append((connection.client, type_))
        send(connection, type_, *body, **fields)

    monkeypatch.setattr(link_connection.Connection, "send", watched)

    flooding, other = Plugin(server.path, "flooding"), Plugin(server.path, "other")
    for client in (flooding, other):
        client.open(tmp_path / "seeds.toml")
        client.settle()
    with Link(server.path, "holds them up", timeout=60) as link:
        link.send("ask")
        until(lambda: log[-1] == ("holds them up", "ask"))
        for _ in range(200):
            flooding.link.send(type_, **fields)
        other.hands()
        wait = {one.client: one for one in server._connections}
        until(lambda: (len(wait["flooding"]._waiting), len(wait["other"]._waiting)) == (200, 1))
        log.clear()
        gate.set()
        other.settle()
    before = log[: log.index(("other", "settled"))]
    assert before.count(("flooding", type_)) <= 4 * 5  # what five turns have time for
    for _ in range(200):  # and all of it is answered
        flooding.until(answer)
    for client in (flooding, other):
        client.close()


def test_a_bounded_number_of_needs_waits(server, guests, tmp_path, monkeypatch):
    monkeypatch.setattr(guest_module, "MOST_NEEDS", 3)
    held = threading.Event()
    send = guest_module.Need.send
    monkeypatch.setattr(guest_module.Need, "send", lambda need: held.is_set() and send(need))
    plugin = Plugin(server.path)
    plugin.open(tmp_path / "seeds.toml")
    for number in range(10):
        plugin.need(number, [(0, 36, 0)])
    plugin.until("program")
    rounds(server)
    (guest,) = [guest for guest in guests._guests if guest.connection.client == "plugin"]
    assert len(guest._needs) == 3
    held.set()
    while len(plugin.done) < 10:
        plugin.until("done")
    plugin.close()


def test_a_preset_of_more_clips_than_an_engine_can_keep_is_refused(plugin, tmp_path, monkeypatch):
    monkeypatch.setattr(guests_module, "MOST_CLIP_BYTES", 4 * 2 * 20000 * 4)
    plugin.open(tmp_path / "seeds.toml")
    plugin.until("program")
    monkeypatch.setattr(guests_module, "MOST_CLIP_BYTES", 4 * 2 * 20000 * 4 - 1)
    plugin.open(tmp_path / "seeds.toml")
    assert "4 sounds of" in plugin.until("problem")["reason"]


def test_clients_that_go_leave_nothing_behind(server, guests, tmp_path):
    for number in range(5):
        plugin = Plugin(server.path, f"client {number}")
        plugin.open(tmp_path / "seeds.toml")
        plugin.until("program")
        plugin.close()
    until(lambda: guests.count == 0)
    gc.collect()
    for store in list(guests._stores.values()):
        assert not store._needed
    assert 0 <= guests.idle_seconds < 20


def test_a_client_that_has_just_come_is_somebody(server, guests, monkeypatch):
    """An engine that was about to end for want of clients does not while it welcomes one."""
    idle = []

    class Slow(guest_module.Guest):
        def __init__(self, *arguments):
            idle.append(guests.idle_seconds)
            super().__init__(*arguments)

    monkeypatch.setattr(guests_module, "Guest", Slow)
    monkeypatch.setattr(guests, "_since", guests._clock() - 1000)
    with Link(server.path, "one") as link:
        link.ask("presets", "presets")
    assert len(idle) == 1
    assert idle[0] < 500


def test_of_a_folder_with_very_many_presets_some_are_told(plugin, tmp_path, monkeypatch):
    monkeypatch.setattr(preset_rows, "MOST_PRESETS", 8)
    for number in range(9):
        (tmp_path / f"{number}.toml").write_text(SEEDS)
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    told = plugin.link.ask("presets", "presets")["presets"]
    assert len(told) == 8
    assert told[-1][1] == str(tmp_path / "2.toml")


def test_an_engine_says_who_is_connected(server, plugin, folder, tmp_path):
    plugin.open(tmp_path / "seeds.toml")
    plugin.settle()
    ((status),) = engines_status(folder)
    assert status["pid"] == os.getpid()
    assert status["socket"] == str(server.path)
    assert (status["audio"], status["preset"]) == ("null", "Nothing")
    (client,) = status["clients"]
    assert (client["client"], client["pid"], client["preset"]) == ("plugin", os.getpid(), "Seeds")
    assert client["pending"] == 0
    assert client["sent"] > 4 * 20000 * 2 * 4


def test_an_engine_that_does_not_answer_is_said_to_be_one(folder):
    listening, _ = listen(folder, os.getpid())
    ((status),) = engines_status(folder, timeout=0.05)
    assert status["pid"] == os.getpid()
    assert status["problem"]
    listening.close()


def test_four_clients_at_once_all_get_their_clips(server, tmp_path):
    path = write_loop_preset(tmp_path / "b")
    clients = [Plugin(server.path, f"client {number}") for number in range(4)]
    for client in clients:
        client.open(path)
    for number, client in enumerate(clients):
        client.hands(positions=[number / 4] * 8)

    def settle(client):
        client.settle()

    threads = [threading.Thread(target=settle, args=(client,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for client in clients:
        assert len(client.table) == 32
        assert all(client.clips[name].whole for name in client.table.values())
        client.close()
    assert Link(server.path, "after them").engine
