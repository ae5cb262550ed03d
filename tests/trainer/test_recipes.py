import pytest

from engine.errors import UserError
from trainer.learner import part
from trainer.recipes import RECIPES, Recipe, Setting, find_recipe


def test_wavegan_has_the_papers_values() -> None:
    assert find_recipe("wavegan").values() == {
        "dim": 64,
        "batch": 64,
        "lr": 1e-4,
        "phase_shuffle": 2,
        "latent_dim": 100,
        "penalty": 10.0,
        "critic_steps": 5,
    }


def test_overrides_are_parsed_to_the_settings_type() -> None:
    values = find_recipe("wavegan").values(["dim=16", "lr=2e-4"])
    assert values["dim"] == 16
    assert isinstance(values["dim"], int)
    assert values["lr"] == 2e-4


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("dim=big", "whole number"),
        ("dim=0", "between 1 and 256"),
        ("lr=nan", "between"),
        ("dim", "KEY=VALUE"),
        ("depth=3", "has no depth; it has dim, batch"),
    ],
)
def test_bad_overrides_are_refused_with_a_sentence(override: str, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        find_recipe("wavegan").values([override])


def test_an_unknown_recipe_is_refused_naming_those_there_are() -> None:
    with pytest.raises(UserError, match="wavegan"):
        find_recipe("slow")


def test_every_setting_is_described() -> None:
    for recipe in RECIPES:
        assert all(setting.key in recipe.describe() for setting in recipe.settings)


def test_a_setting_may_be_a_word_to_choose() -> None:
    setting = Setting("head", "flat", ("flat", "steep"), "what the sounds are made by")
    assert setting.parse("steep") == "steep"
    with pytest.raises(UserError, match="head=round: choose from flat, steep"):
        setting.parse("round")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda recipe: recipe.name)
def test_every_recipe_is_whole(recipe: Recipe) -> None:
    assert all(callable(part(path)) for path in (recipe.learner, recipe.generator, recipe.graph))
    settings = {setting.key: setting for setting in recipe.settings}
    assert {"latent_dim", "batch"} <= settings.keys()
    assert settings["latent_dim"].shaping
    assert not recipe.stages or (recipe.steps and recipe.hours)
    for setting in recipe.settings:
        assert setting.parse(str(setting.default)) == setting.default
