import numpy as np
import torch

from trainer.clips import ClipOrder, Clips


def test_each_epoch_has_every_clip_once_in_an_order_of_its_own() -> None:
    order = ClipOrder(50, seed=1)
    epochs = [order.take(epoch * 50, 50).tolist() for epoch in range(3)]
    assert all(sorted(epoch) == list(range(50)) for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]


def test_the_order_depends_on_the_count_drawn_alone() -> None:
    whole = ClipOrder(7, seed=1).take(0, 40)
    assert np.array_equal(ClipOrder(7, seed=1).take(13, 27), whole[13:])
    assert not np.array_equal(ClipOrder(7, seed=2).take(0, 40), whole)


def test_a_batch_may_be_larger_than_the_dataset() -> None:
    assert len(ClipOrder(2, seed=0).take(0, 9)) == 9


def test_batches_are_the_clips_asked_for() -> None:
    clips = np.arange(12, dtype=np.float32).reshape(3, 2, 2)
    batch = Clips(clips, torch.device("cpu")).batch(np.array([2, 0]))
    assert torch.equal(batch, torch.from_numpy(clips[[2, 0]]))
