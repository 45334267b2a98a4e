"""Random forest and gradient boosting: what a reviewer asks networks to be compared with."""
