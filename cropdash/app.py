"""The dashboard as ``panel serve`` finds it: builds it, and nothing else."""

from cropdash.dashboard.frame import dashboard

dashboard().servable()
