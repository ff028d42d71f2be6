"""Training on several processes or machines, through Dask."""
