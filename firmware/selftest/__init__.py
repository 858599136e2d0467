# What the command `selftest` looks at, a file for each subject: imported for its turn, forgotten
# behind it. Each has run(session, name), a coroutine of constant length that gives
#     (True for passed, False for failed, None for skipped; a number or None, its unit, text)
# and leaves streams, settings and pins as they were. What happens in between to others is written
# where it happens.
