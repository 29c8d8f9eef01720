"""Puts server and plugins on an artist's computer, and takes them off. Standard library only."""
