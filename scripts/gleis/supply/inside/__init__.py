"""Scripts that run in the environment of supply.lock, with its packages; nothing is imported."""
