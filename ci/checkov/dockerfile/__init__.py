"""Policies for Dockerfiles; each gives a result for every Dockerfile, passed or failed."""
