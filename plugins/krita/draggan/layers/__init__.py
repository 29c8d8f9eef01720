"""Krita's documents: reading layers, laying results over them, edits kept in the document.

    bounds.py     where a layer holds pixels
    slices.py     long work cut into short turns of Krita's thread; every generator of this folder runs in it
    spaces.py     colour spaces, and the order of channels in Krita's bytes
    converter.py  pixels from one colour space to another, by Krita's own hand, outside the artist's document
    nodes.py      finding layers, and what they are
    looking.py    what can be edited, and how a result must be laid over it
    reading.py    a layer's pixels, the selection, a layer's fingerprint
    inserting.py  a result becomes a layer, in one undo step
    records.py    edit states in the document's annotations
    watch.py      what the artist does to the layers meanwhile

All of it for Krita's own thread only.
"""
