# What runs by itself; each service is imported only when its variable enables it.
