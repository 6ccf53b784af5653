"""The stage graph, and what runs it on this machine."""
