"""The flash image: codecs of its parts, the files that ship, the merged image and its inspection.

Nothing here talks to a chip: `airwire.flashing` does, and the virtual board reads the image that
`build` makes.
"""
