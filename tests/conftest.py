"""What every test starts from: the same examples each time, and no clock that a busy machine could upset."""

import os
import tempfile

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")

# Engines that tests start are found by nobody's plugins, and find none: each run has a runtime folder of its own.
_runtime = tempfile.TemporaryDirectory(prefix="pgan-")
os.environ["PRODUCERGAN_RUNTIME"] = _runtime.name
