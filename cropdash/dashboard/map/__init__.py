"""Map: where is it right and wrong?"""
