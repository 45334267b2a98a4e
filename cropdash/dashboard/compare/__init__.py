"""Compare: which sensor and fusion is best, and is the difference real?"""
