"""Outside checkers, one adapter each: their results are inputs that rules read."""
