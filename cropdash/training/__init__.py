"""The experiment's specification, one training run, grids of runs, prediction."""
