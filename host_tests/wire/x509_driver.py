# Prints what wire.x509 says of each DER in the files named on the command line, a line each.
# test_x509_peers.py runs it on every interpreter.
import sys

from wire import x509


def told(path):
    with open(path, "rb") as f:
        data = f.read()
    if path.endswith(".key"):
        kind, bits, public = x509.private_key(data)
        return [kind, bits, public]
    found = x509.Certificate(data)
    times = [x509.iso(found.not_before), x509.iso(found.not_after)]
    names = [found.subject, found.name == found.issuer, found.authority]
    return names + [found.not_after] + times + list(found.key)


for path in sys.argv[1:]:
    print(repr(told(path)))
