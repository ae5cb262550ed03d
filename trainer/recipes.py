"""The training recipes: a table, from which `--set`, its help and its checks are derived."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from engine.errors import UserError

Value = int | float | str


@dataclass(frozen=True)
class Setting:
    """One field of a recipe that `--set KEY=VALUE` may change; the default's type is the field's type.

    `allowed` is the least and the greatest number, or every word there is to choose from. The weights of two runs fit
    each other only where the settings that are `shaping` agree.
    """

    key: str
    default: Value
    allowed: tuple[Value, ...]
    help: str
    shaping: bool = False

    def parse(self, text: str) -> Value:
        """The value that the text stands for. Raises UserError if it is not allowed."""
        if isinstance(self.default, str):
            if text not in self.allowed:
                raise UserError(f"--set {self.key}={text}: choose from {', '.join(map(str, self.allowed))}.")
            return text
        kind, word = (int, "a whole number") if isinstance(self.default, int) else (float, "a number")
        try:
            value = kind(text)
        except ValueError:
            raise UserError(f"--set {self.key}={text}: {self.key} must be {word}.") from None
        low, high = map(float, self.allowed)
        if not low <= value <= high:
            raise UserError(
                f"--set {self.key}={text}: {self.key} must lie between {self.allowed[0]} and {self.allowed[1]}."
            )
        return value


@dataclass(frozen=True)
class Recipe:
    """A way to train: what it is called, the prior of its latents, what it exports unless told, and its settings.

    `learner`, `generator` and `graph` name, as `package.module:name`, what the recipe's own package defines:
    learner(config, clips, device, team) → Learner; generator(config) → Module without trained weights;
    graph(config, state, metadata) → ModelProto of a generator's state, float32 arrays by name.
    encoder(run, checkpoint, audio) → z of clips [n, channels, frames], where the recipe has an encoder;
    encoder_graph(config, state, metadata) → ModelProto of the same, of a checkpoint's float32 arrays;
    check(config) raises UserError if the settings do not fit the clips.
    `stages` are names and their shares of the run; where there are any, a run whose length the user does not say ends
    after so many `steps` or `hours`, whichever are over first. Into `batch_parts` equal parts a learner divides a
    batch. What `holds_clips` knows the clips one by one, and cannot go on with others. Every recipe has the settings
    `latent_dim` and `batch`. `shown` are those of the learner's figures that tell a user something, all if none is
    named.
    """

    name: str
    summary: str
    prior: str
    weights: str
    learner: str
    generator: str
    graph: str
    settings: tuple[Setting, ...]
    stages: tuple[tuple[str, float], ...] = ()
    steps: int | None = None
    hours: float | None = None
    batch_parts: int = 1
    holds_clips: bool = False
    encoder: str = ""
    encoder_graph: str = ""
    check: str = ""
    shown: tuple[str, ...] = ()

    @property
    def smaller(self) -> str:
        """How to ask for a smaller network, as words for a sentence."""
        sizes = (row.key for row in self.settings if row.shaping and isinstance(row.default, int))
        return " or ".join(f"--set {key}" for key in sizes if key != "latent_dim")

    def values(self, overrides: Sequence[str] = ()) -> dict[str, Value]:
        """Every setting's value, with `KEY=VALUE` overrides applied. Raises UserError on a bad key or value."""
        table = {setting.key: setting for setting in self.settings}
        values: dict[str, Value] = {setting.key: setting.default for setting in self.settings}
        for override in overrides:
            key, equals, text = override.partition("=")
            if not equals:
                raise UserError(f"--set {override}: write it as KEY=VALUE, for example --set dim=32.")
            if key not in table:
                raise UserError(f"--set {override}: the recipe {self.name} has no {key}; it has {', '.join(table)}.")
            values[key] = table[key].parse(text)
        return values

    def describe(self) -> str:
        """A table of the settings for `--set help`."""
        lines = [f"{self.name}: {self.summary}", ""]
        for setting in self.settings:
            limits = (" | " if isinstance(setting.default, str) else " … ").join(map(str, setting.allowed))
            lines.append(f"  {setting.key:<14}{setting.default!s:<8}{limits:<18}{setting.help}")
        return "\n".join(lines)


RECIPES = (
    Recipe(
        name="fast",
        summary="good sound from little audio: envelopes by a small network, over carriers from the music itself",
        prior="normal",
        weights="ema",
        learner="trainer.fast.learner:FastLearner",
        generator="trainer.fast.generator:make_generator",
        graph="trainer.fast.graph:build_graph",
        batch_parts=2,
        holds_clips=True,
        encoder="trainer.fast.finding:find_latent",
        encoder_graph="trainer.fast.encoder_graph:build_encoder",
        check="trainer.fast.form:check_form",
        shown=("copies off by, in dB",),
        settings=(
            Setting("dim", 128, (8, 1024), "channels of the networks' layers", True),
            Setting("latent_dim", 16, (1, 1024), "numbers in a latent", True),
            Setting("carriers", 0, (0, 128), "clips that lend their fine structure (0: as many as there is room for)"),
            Setting(
                "partials",
                4.5,
                (0.0, 60.0),
                "dB above the spectrum's trend from which partials choose carriers (more: bells before noise)",
            ),
            Setting(
                "overlap",
                2,
                (1, 8),
                "how many neighbours of a layer of the decoder meet in a time step (1: they stand side by side)",
                True,
            ),
            Setting("batch", 32, (2, 4096), "clips in a batch"),
            Setting(
                "lr",
                1e-3,
                (1e-8, 1.0),
                "Adam's step size; the adversarial stage takes a fifth of it, its discriminator two",
            ),
            Setting(
                "blend", 0.25, (0.01, 10.0), "how softly the sounds between two clips blend (more: smoother, less real)"
            ),
            Setting("variety", 5.0, (0.0, 100.0), "how far sounds stray from the clips that they are near"),
            Setting("divergence", 3e-4, (0.0, 1.0), "weight of the codes' distance from N(0, I)"),
            Setting(
                "head",
                "carriers",
                ("carriers", "noise"),
                "what lends fine structure: clips of yours, or noise (no partials, and none of your clips comes back)",
            ),
            Setting("sharpness", 4.0, (0.1, 100.0), "how much the best carrier is preferred (less: more blended)"),
            Setting("liking", 0.02, (0.0, 1e3), "weight of learning which carriers suit a clip"),
            Setting("matching", 2.0, (0.0, 1e3), "weight of the discriminator's layers in the adversarial stage"),
            Setting("copying", 40.0, (0.0, 1e3), "weight of copying clips in the adversarial stage"),
            Setting("penalty", 0.02, (0.0, 1e3), "weight of the discriminator's gradient penalty"),
            Setting(
                "augment", -1.0, (-1.0, 1.0), "share of clips that are varied (-1: 0.6 below 300 clips, else none)"
            ),
        ),
        stages=(("representation", 0.89), ("density", 0.01), ("adversarial", 0.1)),
        steps=40_000,
        hours=1.0,
    ),
    Recipe(
        name="wavegan",
        summary="the network, loss and schedule of the WaveGAN paper; wants a GPU for its full size",
        prior="uniform",
        weights="raw",
        learner="trainer.wavegan.learner:WaveganLearner",
        generator="trainer.wavegan.networks:make_generator",
        graph="trainer.wavegan.graph:build_graph",
        settings=(
            Setting(
                "dim", 64, (1, 256), "channels of the layer next to the audio; the others are multiples of it", True
            ),
            Setting("batch", 64, (1, 4096), "clips in a batch"),
            Setting("lr", 1e-4, (1e-8, 1.0), "Adam's step size, of both networks"),
            Setting("phase_shuffle", 2, (0, 15), "frames by which the discriminator's layers are shifted at most"),
            Setting("latent_dim", 100, (1, 4096), "numbers in a latent", True),
            Setting("penalty", 10.0, (0.0, 1e4), "weight of the gradient penalty"),
            Setting("critic_steps", 5, (1, 100), "discriminator steps for each generator step"),
        ),
    ),
)
DEFAULT_RECIPE = "fast"


def find_recipe(name: str) -> Recipe:
    """The recipe of that name. Raises UserError that names those there are."""
    for recipe in RECIPES:
        if recipe.name == name:
            return recipe
    raise UserError(f"There is no recipe {name}; choose from {', '.join(recipe.name for recipe in RECIPES)}.")
