"""What runs say: comparisons, attention aggregates, areas, calibration."""
