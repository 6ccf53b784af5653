"""What runs inside a project's own environment.

These files are started by path, with the project's Python: they may import the standard library and
what the project's lock brings, never `gleis`.
"""
