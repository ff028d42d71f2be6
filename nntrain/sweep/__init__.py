"""Hyperparameter search: variants of one configuration, trained and ranked."""
