"""The DCT, the table of certificates and factory settings in a module's flash, from the host: in
an image file, in a virtual board or in a chip. Its format is wire/dct.py.
"""
