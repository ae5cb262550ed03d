"""The recipe `wavegan`: the network, loss and schedule of the WaveGAN paper (arXiv 1802.04208)."""
