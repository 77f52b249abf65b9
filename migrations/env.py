"""alembic's environment, shared by all services: each has its own database and its own `versions` folder.

`./hansom migrate` calls it with an open connection; `alembic` by hand is not needed.
"""

from alembic import context

from hansom.stack.migrations import target_metadata

service = context.config.attributes["service"]

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=target_metadata(service),
    compare_server_default=True,
    transactional_ddl=True,
)

with context.begin_transaction():
    context.run_migrations()
