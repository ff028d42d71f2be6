"""Text for a terminal and for the repr of objects: tables, and images drawn with characters."""
