"""Puts the server and the editors' plugins on an artist's computer, and takes them off. Standard library only."""
