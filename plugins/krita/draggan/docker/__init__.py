"""The docker, and the controller behind it."""
