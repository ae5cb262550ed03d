"""Connections on a JACK server without a sound card; another client stands in for the engine, and one for the DAW."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator

import jack
import jack_server
import pytest

from bridge.jack import JackConnector, jack_status, matches, pairs
from engine.jack_output import PORT_NAMES

pytestmark = [pytest.mark.jack, pytest.mark.skipif(not jack_server.available(), reason="jackd is not installed")]

OUTPUTS = ["ProducerGAN:left", "ProducerGAN:right"]


@pytest.fixture(scope="module")
def server() -> Iterator[jack_server.JackServer]:
    with jack_server.running() as running:
        yield running


@pytest.fixture
def engine(server: jack_server.JackServer) -> Iterator[jack.Client]:
    """A client with the ports that the engine makes, on the speakers as the engine puts them."""
    client = jack.Client("ProducerGAN", use_exact_name=True)
    client.activate()
    for i, name in enumerate(PORT_NAMES):
        client.connect(client.outports.register(name), f"system:playback_{i + 1}")
    yield client
    client.close()


def daw(*names: str, client: str = "Ardour") -> jack.Client:
    opened = jack.Client(client, use_exact_name=True)
    opened.activate()
    for name in names:
        opened.inports.register(name)
    return opened


def test_both_channels_are_connected_and_taken_off_the_speakers(
    server: jack_server.JackServer, engine: jack.Client
) -> None:
    host = daw("in_1", "in_2")
    connector = JackConnector("ardour")
    (said,) = connector.step()
    connections = server.connections()
    assert [connections[name] for name in OUTPUTS] == [["Ardour:in_1"], ["Ardour:in_2"]]
    assert "Ardour:in_1" in said
    assert "speakers" in said
    assert connector.step() == []
    connector.close()
    host.close()


def test_a_single_input_gets_both_channels(server: jack_server.JackServer, engine: jack.Client) -> None:
    host = daw("mono")
    connector = JackConnector("Ardour:mono")
    connector.step()
    assert sorted(server.connections()["Ardour:mono"]) == OUTPUTS
    connector.close()
    host.close()


def test_the_other_end_returns_and_is_connected_again(server: jack_server.JackServer, engine: jack.Client) -> None:
    connector = JackConnector("Ardour")
    assert "No JACK port matches" in connector.step()[0]
    assert connector.step() == []
    assert server.connections()[OUTPUTS[0]] == ["system:playback_1"]
    host = daw("in_1", "in_2")
    assert "Connected" in connector.step()[0]
    host.close()
    assert "No JACK port matches" in connector.step()[0]
    assert connector.step() == []
    host = daw("in_1", "in_2")
    assert "Connected" in connector.step()[0]
    assert server.connections()[OUTPUTS[1]] == ["Ardour:in_2"]
    connector.close()
    host.close()


def test_a_return_between_two_steps_is_connected_too(server: jack_server.JackServer, engine: jack.Client) -> None:
    host = daw("in_1", "in_2")
    connector = JackConnector("Ardour")
    connector.step()
    host.close()
    host = daw("in_1", "in_2")
    connector.step()
    assert server.connections()[OUTPUTS[0]] == ["Ardour:in_1"]
    connector.close()
    host.close()


def test_speakers_connected_by_hand_afterwards_are_left_alone(
    server: jack_server.JackServer, engine: jack.Client
) -> None:
    host = daw("in_1", "in_2")
    connector = JackConnector("Ardour")
    connector.step()
    engine.connect(OUTPUTS[0], "system:playback_1")
    connector.step()
    assert sorted(server.connections()[OUTPUTS[0]]) == ["Ardour:in_1", "system:playback_1"]
    connector.close()
    host.close()


def test_the_engine_returns_and_is_connected_again(server: jack_server.JackServer) -> None:
    host = daw("in_1", "in_2")
    connector = JackConnector("Ardour")
    assert connector.step() == []
    for _ in range(2):
        with jack.Client("ProducerGAN", use_exact_name=True) as ours:
            for name in PORT_NAMES:
                ours.outports.register(name)
            assert "Connected" in connector.step()[0]
            assert server.connections()[OUTPUTS[0]] == ["Ardour:in_1"]
        connector.step()
    connector.close()
    host.close()


def test_the_engine_returns_under_another_name(server: jack_server.JackServer, engine: jack.Client) -> None:
    host = daw("in_1", "in_2")
    with jack.Client("ProducerGAN") as second:
        for name in PORT_NAMES:
            second.outports.register(name)
        connector = JackConnector("Ardour", second.name)
        connector.step()
        assert server.connections()["Ardour:in_1"] == [f"{second.name}:left"]
        connector.client = "ProducerGAN"
        assert "Connected ProducerGAN:left" in connector.step()[0]
        assert "ProducerGAN:left" in server.connections()["Ardour:in_1"]
        connector.close()
    host.close()


def test_further_matching_ports_are_left_out_and_said(server: jack_server.JackServer, engine: jack.Client) -> None:
    host = daw("in1", "in2", "in3", "in4", client="REAPER")
    connector = JackConnector("reaper")
    (said,) = connector.step()
    assert "2 more ports match" in said
    assert server.connections()["REAPER:in3"] == []
    connector.close()
    connector = JackConnector("reaper:in[34]")
    connector.step()
    assert server.connections()["REAPER:in3"] == [OUTPUTS[0]]
    connector.close()
    host.close()


def test_the_server_ends_and_its_return_is_noticed() -> None:
    now = [0.0]
    with jack_server.running() as server:
        connector = JackConnector("system", clock=lambda: now[0])
        connector.step()
        assert connector.status()["jack"]
        server.stop()
        for _ in range(20):
            now[0] += 1
            assert connector.step() == []  # the output says it
        assert not connector.status()["jack"]
        server.start()
        with jack.Client("ProducerGAN") as ours:
            for name in PORT_NAMES:
                ours.outports.register(name)
            now[0] += 1
            assert "Connected ProducerGAN:left to system:playback_1" in connector.step()[0]
        connector.close()


def test_without_a_server_nothing_happens_and_status_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "producergan-no-such-server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    connector = JackConnector("anything")
    assert connector.step() == []
    assert connector.status() == {"jack": False, "rate": None, "block": None, "ports": []}
    assert jack_status() == connector.status()


def test_bridge_status_tells_what_is_connected_to_what(server: jack_server.JackServer, engine: jack.Client) -> None:
    status = json.loads(bridge_status("--json"))
    assert (status["jack"], status["rate"], status["block"]) == (True, 48000, 128)
    assert status["ports"][0] == {
        "name": "ProducerGAN:left",
        "kind": "audio",
        "direction": "output",
        "connections": ["system:playback_1"],
    }
    assert "ProducerGAN:left (audio) → system:playback_1" in bridge_status()


def test_bridge_status_without_a_server_says_so_and_exits_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JACK_DEFAULT_SERVER", "producergan-no-such-server")
    monkeypatch.setenv("JACK_NO_START_SERVER", "1")
    assert json.loads(bridge_status("--json"))["jack"] is False
    assert "No JACK" in bridge_status()


def bridge_status(*options: str) -> str:
    command = [sys.executable, "-c", "import bridge.cli; raise SystemExit(bridge.cli.main())", "status", *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_patterns() -> None:
    assert matches("ardour", "Ardour:in")
    assert matches("in_[12]$", "Ardour:in_2")
    assert not matches("in_[12]$", "Ardour:in_3")
    assert matches("Track (1", "Host:Track (1)")  # no regular expression, but part of a name


def test_pairs_go_to_one_client_only() -> None:
    assert pairs(OUTPUTS, ["A:1", "B:1"]) == [(OUTPUTS[0], "A:1"), (OUTPUTS[1], "A:1")]
    assert pairs(OUTPUTS, ["A:1", "A:2", "A:3"]) == [(OUTPUTS[0], "A:1"), (OUTPUTS[1], "A:2")]
