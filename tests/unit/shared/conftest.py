"""One profile for the property tests of this folder: enough examples to find things, few enough to run at each save."""

from hypothesis import settings

settings.register_profile("shared", deadline=None, max_examples=40)
settings.load_profile("shared")
