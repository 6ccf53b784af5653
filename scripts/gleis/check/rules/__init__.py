"""The rules, one module per family. A module here is found by being here."""
