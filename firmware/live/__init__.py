# Computed variables, a file per group, imported on first use: get(leaf, session) and put(leaf,
# value, session).
