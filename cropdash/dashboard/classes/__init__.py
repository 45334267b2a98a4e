"""Classes: which crops are confused with which?"""
