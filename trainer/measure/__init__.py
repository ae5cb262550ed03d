"""Measures sounds: how near an instrument comes to its audio, and what single sounds are like."""
