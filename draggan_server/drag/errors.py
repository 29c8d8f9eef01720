"""What can be wrong with what a drag is asked to do."""


class DragInputError(ValueError):
    """Points, mask, latent or settings cannot be used; the text says which, why, and what is allowed."""
