"""Parcels and their satellite series, from files to batches; knows no model."""
