"""Four instances in one process beside an engine that plays itself: one engine, one model in memory, and all sound."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from midi_score import notes
from plugin_host import Job, resident
from plugin_rig import ServingEngine

COUNT, FRAMES = 4, 24000
MOST_GROWTH = 8e6  # bytes of the engine for three more instances; its model's file alone is 11 MB


def test_four_instances_share_an_engine(vst3: Path, tmp_path: Path) -> None:
    with ServingEngine(tmp_path, "drums", "--audio", "null") as engine:
        environment = engine.environment("drums")
        score = notes(range(0, 12000, 3000), (36, 38, 42, 46))
        memory, heard = {}, {}
        for count in (1, COUNT):
            job = Job("minihost", vst3, tmp_path, block=512, environment=environment)
            job.open(count).render(score, FRAMES).wait(1.0).look(engine.runtime)
            _, heard[count], share, looked = job.run()
            memory[count] = resident(engine.pid)
            (row,) = looked["engines"]
            assert row["pid"] == engine.pid
            assert [client["preset"] for client in row["clients"]].count("Drums") == count
            sizes = f"the engine {memory[count] / 1e6:.0f} MB, the host {looked['memory'] / 1e6:.0f} MB"
            print(f"\n{count}: {sizes}, {share:.1%} of a core")
        assert memory[COUNT] - memory[1] < MOST_GROWTH
    for number in range(COUNT):
        audio = heard[COUNT][16 * number : 16 * number + 2]
        assert np.abs(audio - heard[1][:2]).max() < 1e-6
    assert np.abs(heard[1]).max() > 0.05
