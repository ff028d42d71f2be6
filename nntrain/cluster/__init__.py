"""Trains on several processes or machines, through Dask."""
