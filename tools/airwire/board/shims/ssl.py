# `ssl` is frozen into the chip's firmware and missing in the packaged unix port: its native half
# is all there is here.

from tls import *  # noqa: F403
