"""Explain: how is all this to be read?"""
