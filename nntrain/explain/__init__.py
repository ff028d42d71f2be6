"""For people who learn: networks taken apart, gradients checked, code graded, runs diagnosed."""
