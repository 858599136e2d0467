# On which day it was looked when certificates end (expiry.py): by reference. This stays in RAM.
days = {}
