"""What `trainer train` was asked for, turned into a run that trains: new, begun from another, or gone on with."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch

from engine.errors import UserError
from trainer import checkpoint
from trainer.dataset import Dataset, describe_clips
from trainer.learner import part
from trainer.measure.yardstick import Yardstick
from trainer.plan import Limits, Plan
from trainer.progress import Display, display
from trainer.recipes import DEFAULT_RECIPE, Recipe, find_recipe
from trainer.run_folder import Run, RunConfig, set_aside
from trainer.team import SOLO, Team, joined
from trainer.training import Training, first_bad_clip, follow
from trainer.words import counted, duration

FEWEST_CLIPS = 8  # different ones, and not silent: a network that learns from fewer can only repeat them


@dataclass(frozen=True)
class Request:
    """The arguments of `trainer train`; None is what was not said."""

    dataset: Path
    output: Path
    recipe: str | None = None
    overrides: tuple[str, ...] = ()
    source: Path | None = None
    steps: int | None = None
    hours: float | None = None
    until_stopped: bool = False
    device: str = "auto"
    seed: int | None = None
    fresh: bool = False


def train(request: Request, clock: Callable[[], float] = time.monotonic) -> None:
    """Trains until a limit is reached or Ctrl-C. Raises UserError for whatever the user can put right."""
    device = choose_device(request.device)
    dataset = Dataset.open(request.dataset)
    with joined(device) as team:
        if team.leads:
            lead(request, dataset, device, clock, team)
        else:
            help_leader(dataset, device, team)


def lead(request: Request, dataset: Dataset, device: torch.device, clock: Callable[[], float], team: Team) -> None:
    """Trains the run, alone or with the others of the team."""
    check_enough(dataset)
    with display() as screen:
        run, source = open_run(request, dataset, screen, team)
        config = run.config
        team.hear((config, dataset.digest))
        helped = f", {team.size} processes" if team.size > 1 else ""
        screen.note(
            f"{config.recipe} on {device.type}{helped}: {len(dataset):,} "
            + describe_clips(config.sample_rate, config.channels, config.clip_frames)
        )
        with stopping() as stopped, enough_memory(config):
            yardstick = Yardstick(dataset.clips, dataset.sample_rate, dataset.sources(), config.seed)
            training = Training(run, dataset.clips, device, screen, clock, source, yardstick, team)
            begun, end = training.progress, limits(request, config.plan)
            if begun.step and not end.reached(begun):
                screen.note(f"Going on with {run.path} from step {begun.step:,}.")
            path = training.run_until(end, stopped)
    done = training.progress
    trained = f"{counted(done.step, 'step')} and {duration(done.seconds)} of training"
    if end.reached(begun):
        print(f"{run.path} has had {trained}, so that nothing was left to do.")
    else:
        print(f"Saved {path} after {trained}.")
    if config.plan.limits.reached(done):
        print("The run's plan is done. To train on, say --until-stopped, or a later end by --steps or --hours.")


def help_leader(dataset: Dataset, device: torch.device, team: Team) -> None:
    """Trains the leader's run with it, and says nothing. The leader alone heeds Ctrl-C, and tells."""
    nothing: tuple[RunConfig, str] | None = None
    told = team.hear(nothing)
    assert told is not None
    config, digest = told
    if digest != dataset.digest:
        raise UserError(
            f"The dataset {dataset.path} is not the same for every process; copy the first one's to all machines."
        )
    with stopping(silently=True), enough_memory(config):
        follow(config, dataset.clips, device, team)


def check_enough(dataset: Dataset) -> None:
    """Raises UserError if the dataset has too little to learn from, or something that is no number."""
    bad = first_bad_clip(dataset.clips)
    if bad is not None:
        raise UserError(
            f"Clip {bad} of the dataset {dataset.path} holds samples that are no numbers; prepare the dataset again."
        )
    different: set[bytes] = set()
    for clip in dataset.clips:
        if clip.any():
            different.add(hashlib.sha256(clip.tobytes()).digest())
            if len(different) == FEWEST_CLIPS:
                return
    if len(dataset) and not different:
        raise UserError(f"The dataset {dataset.path} holds nothing but silence; prepare it again with other audio.")
    raise UserError(
        f"The dataset {dataset.path} has {counted(len(different), 'different sound')}, and training needs at "
        f"least {FEWEST_CLIPS}; prepare it again with more audio."
    )


def limits(request: Request, plan: Plan) -> Limits:
    """Where this sitting ends: where the user said, or else with the plan."""
    if request.until_stopped:
        return Limits()
    if request.steps is None and request.hours is None:
        return plan.limits
    return Limits(request.steps, None if request.hours is None else request.hours * 3600)


def new_plan(request: Request, recipe: Recipe) -> Plan:
    """The plan of a new run: the recipe's stages over what the user asked for, or over the recipe's own length."""
    if not recipe.stages:
        return Plan()
    steps, hours = request.steps, request.hours
    if steps is None and hours is None:
        steps, hours = recipe.steps, recipe.hours
    return Plan(recipe.stages, steps, None if hours is None else hours * 3600)


def open_run(request: Request, dataset: Dataset, screen: Display, team: Team = SOLO) -> tuple[Run, Run | None]:
    """The run to train and, if it is to begin with another run's weights, that one."""
    there = Run.exists(request.output)
    if there and not request.fresh:
        run = Run.open(request.output)
        check_resume(run, request, dataset, screen)
        team.check_batch(run.config.batch, run.config.row.batch_parts)
        if checkpoint.listed(run.checkpoints):
            return run, None  # the run that it began with is needed no more, and may be gone
        if run.config.started_from is not None and request.source is None:
            raise UserError(f"{run.path} has no checkpoint; name the run it begins with by --from, or use --fresh.")
        return run, None if request.source is None else Run.open(request.source)
    source = None if request.source is None else Run.open(request.source)
    if there and source is not None and source.path.resolve() == request.output.resolve():
        raise UserError("--fresh would set aside the run that --from names; choose another folder with -o.")
    config = new_config(request, dataset, source)
    team.check_batch(config.batch, config.row.batch_parts)
    if there:
        screen.note(f"The run that was in {request.output} is kept as {set_aside(request.output)}.")
    return Run.create(request.output, config), source


def new_config(request: Request, dataset: Dataset, source: Run | None) -> RunConfig:
    """The config of a new run. Raises UserError if the other run's weights do not fit it."""
    recipe = find_recipe(request.recipe or (source.config.recipe if source else DEFAULT_RECIPE))
    overrides = list(request.overrides)
    started_from = None
    if source is not None:
        if recipe != source.config.row:
            raise UserError(
                f"The run {source.path} was trained with {source.config.recipe}, and its weights fit no other recipe; "
                "leave out --recipe, or train without --from."
            )
        # What shapes the network comes from the other run unless it was said, and then it must agree.
        taken = source.config.settings
        overrides = [*(f"{row.key}={taken[row.key]}" for row in recipe.settings if row.shaping), *overrides]
        step = checkpoint.load_chosen(source, "best", ())[0].step
        started_from = {"recipe": source.config.recipe, "seed": source.config.seed, "step": step}
    settings = recipe.values(overrides)
    config = RunConfig(
        recipe=recipe.name,
        settings=settings,
        seed=request.seed or 0,
        sample_rate=dataset.sample_rate,
        channels=dataset.channels,
        clip_frames=dataset.clip_frames,
        dataset_digest=dataset.digest,
        clip_count=len(dataset),
        started_from=started_from,
        plan=new_plan(request, recipe),
    )
    if recipe.check:
        part(recipe.check)(config)
    if source is not None:
        check_fit(source, config)
    return config


def check_fit(source: Run, config: RunConfig) -> None:
    """Raises UserError if a run's weights do not fit the networks of a new run of its recipe."""
    ours, theirs = (describe_clips(one.sample_rate, one.channels, one.clip_frames) for one in (config, source.config))
    if ours != theirs:
        raise UserError(
            f"The run {source.path} makes {theirs}, but the new one is to make {ours}; "
            "prepare the audio to match, or train without --from."
        )
    for row in config.row.settings:
        have, asked = source.config.settings[row.key], config.settings[row.key]
        if row.shaping and have != asked:
            raise UserError(
                f"The run {source.path} has {row.key} {have}, and its weights do not fit {row.key} {asked}; "
                f"leave out --set {row.key}, or train without --from."
            )


def check_resume(run: Run, request: Request, dataset: Dataset, screen: Display) -> None:
    """Raises UserError if the request or the dataset does not fit the run; says so if the music is another."""
    config = run.config
    theirs = describe_clips(dataset.sample_rate, dataset.channels, dataset.clip_frames)
    ours = describe_clips(config.sample_rate, config.channels, config.clip_frames)
    if theirs != ours:
        raise UserError(
            f"The run {run.path} was begun on {ours}, but the dataset {request.dataset} has {theirs}; "
            "prepare the audio to match, or choose another folder for a new run."
        )
    if request.source is not None and config.started_from is None:
        raise UserError(
            f"The run {run.path} was not begun from another one, so --from cannot change its weights half-way; "
            "choose another folder for a new run, or begin anew with --fresh."
        )
    if request.recipe is not None:
        find_recipe(request.recipe)
    asked = {"recipe": request.recipe or config.recipe, "seed": config.seed if request.seed is None else request.seed}
    have = {"recipe": config.recipe, "seed": config.seed}
    settings = config.row.values(request.overrides)
    for override in request.overrides:
        key = override.partition("=")[0]
        asked[key], have[key] = settings[key], config.settings[key]
    for key, value in asked.items():
        if value != have[key]:
            raise UserError(
                f"The run {run.path} has {key} {have[key]}, which cannot become {value} half-way; "
                "choose another folder for a new run, or begin anew with --fresh."
            )
    if dataset.digest != config.dataset_digest and config.row.holds_clips:
        raise UserError(
            f"The run {run.path} holds parts of the clips that it was begun on, and {request.dataset} has others; "
            f"choose another folder for a new run, and begin it with --from {run.path}."
        )
    if dataset.digest != config.dataset_digest:
        screen.note(f"The dataset {request.dataset} is not the one that {run.path} was begun on; going on with it.")


def choose_device(name: str) -> torch.device:
    """The device of that name; `auto` is CUDA where there is one. Raises UserError if it is not there."""
    available = torch.cuda.is_available()
    if name == "cuda" and not available:
        raise UserError("There is no CUDA device that PyTorch can use here; leave out --device, or use --device cpu.")
    return torch.device("cuda" if available and name != "cpu" else "cpu")


@contextlib.contextmanager
def enough_memory(config: RunConfig) -> Iterator[None]:
    """Raises UserError in the place of PyTorch's error when memory runs out."""
    try:
        yield
    except RuntimeError as error:
        # On the CPU the error has no class of its own.
        if not isinstance(error, torch.OutOfMemoryError) and "DefaultCPUAllocator" not in str(error):
            raise
        raise UserError(
            f"There is not enough memory for a batch of {config.settings['batch']} clips with {_shape(config)}; "
            f"begin anew in another folder, or with --fresh, with a smaller --set batch or {config.row.smaller}."
        ) from error


@contextlib.contextmanager
def stopping(silently: bool = False) -> Iterator[Callable[[], bool]]:
    """Yields a function that tells whether Ctrl-C (or a polite kill) came. A second Ctrl-C stops without saving."""
    came = False

    def handle(number: int, _: object) -> None:
        nonlocal came
        if came:
            raise KeyboardInterrupt
        came = True
        if silently:
            return
        # Not through a stream: the handler may have interrupted one that is just writing.
        os.write(2, b"\nStopping: this step is finished first, then the run is saved. Ctrl-C again stops at once.\n")

    signals = (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, handle) for number in signals}
    try:
        yield lambda: came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _shape(config: RunConfig) -> str:
    """The settings that shape the networks, in words."""
    return " and ".join(f"{row.key} {config.settings[row.key]}" for row in config.row.settings if row.shaping)
