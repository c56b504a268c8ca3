"""Alembic's entry: runs the versions on the connection that migrations.upgrade opened."""

from alembic import context

from collab_server.database import METADATA
from collab_server.migrations import views

connection = context.config.attributes["connection"]
context.configure(
    connection=connection, target_metadata=METADATA, render_as_batch=True, transactional_ddl=True, compare_type=True
)
with context.begin_transaction():
    if connection.dialect.name == "postgresql":
        # Two nodes that start at once are put in order.
        connection.exec_driver_sql("select pg_advisory_xact_lock(727374)")
    here, head = context.get_context(), context.get_head_revision()
    if here.get_current_revision() != head:
        views.drop(connection)
    context.run_migrations()
    if here.get_current_revision() == head:
        views.create(connection)
