"""A city of simulated drivers and riders, who use nothing but the public HTTP and socket contract.

`python -m hansom.bots --url URL` runs them. They live on gevent, which never shares a process with the services'
eventlet: `__main__` patches the standard library before anything else is imported. `roads`, `frames`, `measures`,
`rides`, `habits`, `options` and `summary` are plain Python and may be imported anywhere; the others belong to gevent.
"""
