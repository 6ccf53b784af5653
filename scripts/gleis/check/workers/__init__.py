"""Scripts that run inside the check environment, with its packages; nothing here is imported."""
