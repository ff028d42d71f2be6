"""What explains networks, and grades those who write them."""
