import pytest
import torch

from engine.errors import UserError
from trainer.network_state import named, optimiser_tensors, restore_optimiser


def stepped(*sizes: int) -> torch.optim.Adam:
    weights = [torch.ones(size, requires_grad=True) for size in sizes]
    adam = torch.optim.Adam(weights, 0.1)
    sum(weight.square().sum() for weight in weights).backward()
    adam.step()
    return adam


def test_an_optimiser_goes_on_with_what_it_remembered() -> None:
    tensors = optimiser_tensors("adam", stepped(3, 2))
    fresh = torch.optim.Adam([torch.ones(3), torch.ones(2)], 0.1)
    restore_optimiser("adam", fresh, tensors)
    assert all(torch.equal(tensor, tensors[name]) for name, tensor in optimiser_tensors("adam", fresh).items())
    restore_optimiser("adam", fresh, {})  # of a checkpoint before its first step
    assert not optimiser_tensors("adam", fresh)


def test_what_fits_no_weight_is_refused_when_it_is_read_and_not_at_the_next_step() -> None:
    tensors = optimiser_tensors("adam", stepped(3, 2))
    fewer = {name: tensor for name, tensor in tensors.items() if not name.startswith("adam.1")}
    for damaged in (fewer, optimiser_tensors("adam", stepped(3, 5)), optimiser_tensors("adam", stepped(3, 2, 1))):
        with pytest.raises(UserError, match="adam does not fit"):
            restore_optimiser("adam", stepped(3, 2), damaged)


def test_a_tensor_that_is_missing_is_named() -> None:
    with pytest.raises(UserError, match="has no random"):
        named("random", {})
