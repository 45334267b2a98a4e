"""Data: what is in this data set?"""
