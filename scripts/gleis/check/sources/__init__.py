"""What rules look at, parsed once: one module per kind of file, found by being here."""
