"""Makes instruments: audio folder, dataset, training run, instrument file."""
