"""The demo: the main job end to end, each step checked."""
