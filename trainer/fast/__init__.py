"""The recipe `fast`: a spectral envelope from the network, over carriers taken from the music itself."""
