"""The plugin's window on a screen that nobody sees: what it shows, what its controls do, and that it leaves nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import matplotlib.image
import numpy as np
import pytest
from numpy.typing import NDArray
from plugin_build import build_program

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="the screen is an X server's"),
    pytest.mark.skipif(not shutil.which("Xvfb") or not shutil.which("openbox"), reason="needs Xvfb and openbox"),
]

Run = Callable[..., subprocess.CompletedProcess[str]]
HANDS = (
    "a_held_pad_is_let_go_when_the_window_closes",
    "a_held_wave_is_let_go_when_the_window_closes",
    "a_held_key_is_let_go_when_the_window_closes",
    "a_held_key_is_let_go_when_another_preset_comes",
    "a_quick_click_strikes_once",
    "a_preset_that_hears_one_channel_is_heard",
    "what_is_struck_while_no_host_plays_does_not_pile_up",
    "what_waits_is_over_when_the_host_prepares",
    "a_click_within_one_block_is_heard",
    "a_bounce_has_no_strikes_of_the_window",
    "the_piano_is_played_and_glided_over",
    "the_wave_plays_the_layer_that_it_shows",
    "a_bypassed_plugin_is_silent",
    "new_sounds_can_be_made_after_a_failed_bounce",
    "a_damaged_project_is_forgotten_when_a_preset_is_chosen",
    "the_same_notice_is_said_again",
    "an_engine_that_is_missing_is_said_where_the_keys_would_be",
    "a_click_beside_the_controls_leaves_the_host_its_keys",
    "keys_with_modifiers_are_the_hosts",
    "arrows_stay_in_the_grid_and_in_sight",
    "a_screen_reader_can_play_the_keyboard",
    "a_pad_that_is_pulled_out_offers_its_wav",
    "a_disk_that_takes_no_sound_is_said",
    "a_dragged_file_is_named_as_receivers_read_it",
    "a_right_click_opens_the_menu_of_a_key",
    "two_copies_at_once_come_one_after_the_other",
    "a_knob_of_the_sampler_can_be_given_back",
    "the_wheel_scrolls_the_list_of_knobs",
    "a_movement_ends_with_the_window",
    "the_morph_pad_follows_the_mouse",
    "what_is_shown_is_no_older_than_what_the_host_says",
    "the_arrows_step_through_the_presets",
    "the_present_preset_can_be_chosen_again",
    "the_window_says_under_which_licence_it_is",
    "a_state_puts_back_what_it_says_nothing_of",
    "a_kept_size_fits_the_screen",
    "waves_grow_with_what_comes",
)
SIZES = {"small": (760, 500), "medium": (980, 640), "large": (1500, 980)}


@pytest.fixture(scope="module")
def display() -> Iterator[str]:
    """A screen with a window manager: without one, windows get no focus."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", "1700x1100x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[write], stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as number:  # written once the server answers
                name = f":{number.readline().strip()}"
            environment = os.environ | {"DISPLAY": name}
            with subprocess.Popen(["openbox"], env=environment, stderr=subprocess.DEVNULL) as manager:
                yield name
                manager.terminate()
        finally:
            server.terminate()


@pytest.fixture
def window(display: str, tmp_path: Path) -> Run:
    """Runs the program with no engine but its own fake one."""
    program = build_program("window")
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700)
    environment = os.environ | {"DISPLAY": display, "PRODUCERGAN_RUNTIME": str(runtime)}
    environment |= {"PRODUCERGAN_ENGINE": str(tmp_path / "no engine"), "HOME": str(tmp_path)}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [str(program), *map(str, arguments)]
        return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=100)

    return run


def picture(path: Path) -> NDArray[np.float32]:
    """[height][width][red, green, blue], 0 to 1."""
    return np.asarray(matplotlib.image.imread(path), np.float32)[:, :, :3]


def test_each_control_does_what_it_says(window: Run) -> None:
    done = window("controls")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("hand", HANDS)
def test_what_a_player_does(window: Run, hand: str) -> None:
    done = window("hand", hand)
    assert done.returncode == 0, done.stdout + done.stderr


def test_all_that_a_player_does_is_tried(window: Run) -> None:
    assert window("hand").stdout.split() == sorted(HANDS)
    assert window("hand", "a_thing_that_nobody_does").returncode == 2


def test_every_control_has_a_name_for_screen_readers(window: Run) -> None:
    done = window("names")
    assert done.returncode == 0, f"these have none:\n{done.stdout}"


def test_a_control_without_a_name_is_found(window: Run) -> None:
    done = window("names", "sin")
    assert done.returncode == 1
    assert "TextButton" in done.stdout


def test_opening_and_closing_it_while_audio_runs_leaves_nothing_behind(window: Run) -> None:
    done = window("leaks")
    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr


def test_what_is_left_behind_is_found(window: Run) -> None:
    assert window("leaks", "sin").returncode == 1


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("preset", ["drums", "path", "tones", "frozen", "none", "failed"])
def test_it_draws_itself_whole_at_each_size(window: Run, tmp_path: Path, preset: str, size: str) -> None:
    width, height = SIZES[size]
    done = window("shot", preset, width, height, tmp_path / "window.png")
    assert done.returncode == 0, done.stdout + done.stderr
    drawn, shown = picture(tmp_path / "window.png"), picture(tmp_path / "window-screen.png")
    assert drawn.shape == shown.shape == (height, width, 3)
    # What arrives on the screen is what was drawn, but for what moves meanwhile.
    assert np.mean(np.abs(drawn - shown).max(axis=2) > 0.1) < 0.01
    # Each quarter has something to see: light letters or shapes on a dark ground.
    for part in (drawn[: height // 2, : width // 2], drawn[height // 2 :, : width // 2], drawn[:, width // 2 :]):
        light = part.max(axis=2)
        assert light.min() < 0.15
        assert np.mean(light > 0.5) > 0.001
