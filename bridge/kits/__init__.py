"""Kits: a preset's sounds as tagged WAV files, with maps for other samplers. One file a format."""
