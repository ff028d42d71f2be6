"""For people who learn: a network taken apart, a digit followed through it, gradients checked."""
