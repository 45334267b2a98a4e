"""``python -m cropdash.cli``."""

from cropdash.cli import main

main()
