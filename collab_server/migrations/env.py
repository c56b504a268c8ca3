"""Alembic's entry: runs the versions on the connection that migrations.upgrade opened."""

from alembic import context

from collab_server.database import METADATA
from collab_server.migrations import views

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True, compare_type=True
)
with context.begin_transaction():
    # Two nodes that start at once are put in order, and what is interrupted was never done.
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("select pg_advisory_xact_lock(727374)")
    else:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    here, head = context.get_context(), context.get_head_revision()
    if here.get_current_revision() != head:
        views.drop(connection)
    context.run_migrations()
    if here.get_current_revision() == head:
        views.create(connection)
