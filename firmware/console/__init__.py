# The command language: line editing, dispatch, replies, sessions. It knows the registry, never a
# particular command.
