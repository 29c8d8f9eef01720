"""Training of the bundled model: a picture renderer with known factors, and the regression onto it."""
