"""Attention: when in the season does the model look?"""
