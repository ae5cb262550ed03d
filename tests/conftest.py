"""What every test starts from: the same examples each time, and no clock that a busy machine could upset."""

from hypothesis import settings

settings.register_profile("repeatable", derandomize=True, deadline=None)
settings.load_profile("repeatable")
