"""Grids: many experiments from one file, worked through by the engine."""
