"""`trainer train`: trains a run on a dataset, or goes on with it."""

from __future__ import annotations

import argparse
from pathlib import Path

from engine.command import ABOVE_ZERO, LARGEST, SEED, number
from engine.errors import UserError
from trainer.recipes import DEFAULT_RECIPE, RECIPES, find_recipe


def configure(parser: argparse.ArgumentParser) -> None:
    """Declares the arguments."""
    parser.epilog = (
        "The same command goes on with a run that was stopped. Ctrl-C stops and saves. A run keeps the stages that it "
        "was begun with: another --steps or --hours later on moves only the end."
    )
    parser.add_argument("dataset", metavar="DATASET", type=Path, nargs="?", help="folder made by `trainer prepare`")
    parser.add_argument("-o", "--output", metavar="RUN", type=Path, help="folder of the run")
    parser.add_argument(
        "--recipe", metavar="NAME", help=f"{' or '.join(row.name for row in RECIPES)} (default: {DEFAULT_RECIPE})"
    )
    parser.add_argument("--from", dest="source", metavar="OTHER_RUN", type=Path, help="begin with its weights")
    parser.add_argument(
        "--steps",
        type=number(int, 1, LARGEST, "a whole number from 1"),
        help="end at this step, counted from the run's beginning; a new run's stages are laid out over it",
    )
    parser.add_argument(
        "--hours",
        type=number(float, ABOVE_ZERO, LARGEST, "a number above 0"),
        help="end after this much training, all sittings together; a new run's stages are laid out over it",
    )
    parser.add_argument(
        "--until-stopped", action="store_true", help="go on in the last stage until Ctrl-C, whatever the plan"
    )
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where to compute")
    parser.add_argument(
        "--seed",
        type=SEED,
        help="of all that is random (default: 0)",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="begin anew; a run in the same place is set aside, not lost"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change a setting; `help` lists",
    )


def run(arguments: argparse.Namespace) -> None:
    """Trains until stopped."""
    if "help" in arguments.settings:
        print(find_recipe(arguments.recipe or DEFAULT_RECIPE).describe())
        return
    if arguments.dataset is None or arguments.output is None:
        raise UserError("Name the dataset and the run's folder: trainer train DATASET -o RUN.")
    from trainer.launch import Request, train

    train(
        Request(
            dataset=arguments.dataset,
            output=arguments.output,
            recipe=arguments.recipe,
            overrides=tuple(arguments.settings),
            source=arguments.source,
            steps=arguments.steps,
            hours=arguments.hours,
            until_stopped=arguments.until_stopped,
            device=arguments.device,
            seed=arguments.seed,
            fresh=arguments.fresh,
        )
    )
