"""SOPs that enforce themselves: the catalogue of pages, the rules, and the engine of both."""
