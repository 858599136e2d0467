# The application on the device. device.py composes it; the other rooms are described in
# docs/architecture.md.
