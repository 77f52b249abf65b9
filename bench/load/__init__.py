"""What load is made of: people on gevent, processes' CPU time, servers' own counters, and a bare Nameko service.

`echo` belongs to eventlet and runs in processes of its own; everything else may live on gevent.
"""
