"""DragGAN inside GIMP 3. Needs the standard library, GObject introspection, and `draggan_client` beside it."""
