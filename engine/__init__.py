"""Plays instruments: the sampler, the generator and the loop that joins them. Knows nothing of torch."""
