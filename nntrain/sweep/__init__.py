"""Hyperparameter search: trains variants of one configuration, and ranks them."""
