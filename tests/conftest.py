"""What holds for all tests."""

from hypothesis import settings

settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")  # a machine that is busy with something else breaks no law
