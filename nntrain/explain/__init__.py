"""What a network has learnt, and why it has not: explanations for people."""
