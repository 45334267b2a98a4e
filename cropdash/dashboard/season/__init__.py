"""Season: how early, and under how much cloud, can each crop be told?"""
