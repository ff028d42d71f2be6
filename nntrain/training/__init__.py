"""Where data, network and optimiser meet, and what is kept of it."""
