"""`python -m gleis` is the `gleis` command."""

from gleis.cli import main

raise SystemExit(main())
