"""The views under which reports and other programs read runs and sessions, whatever the tables are called inside.

They are made anew whenever the tables change, because a database may refuse to change a table that a view stands on.
"""

from sqlalchemy import Connection, inspect

VIEWS = {
    "code_execution_usage": """
        SELECT e.id AS id, e.id AS execution_id, e.actor_id AS client_id, e.agent_id AS agent_id, e.key_id AS key_id,
               e.session_id AS session_id,
               e.language AS language, e.tier AS tier, e.tier_version AS tier_version,
               CASE e.status WHEN 'queued' THEN 'PENDING' WHEN 'memory' THEN 'MEMORY_EXCEEDED' ELSE UPPER(e.status) END AS status,
               e.wall_ms AS execution_time_ms, e.memory_bytes AS memory_bytes,
               e.compute_micro_units AS compute_micro_units, e.cost_micro_dollars AS cost_micro_dollars,
               u.id IS NOT NULL AS billed, e.created_at AS created_at, e.finished_at AS completed_at
        FROM executions e LEFT JOIN usage u ON u.execution_id = e.id""",
    "code_execution_sessions": """
        SELECT s.id AS id, s.name AS name, s.description AS description, s.owner_id AS owner_id, s.is_public AS is_public,
               s.environment AS environment, s.created_at AS created_at, s.updated_at AS updated_at, s.expires_at AS expires_at
        FROM sessions s WHERE s.deleted_at IS NULL""",
}


def drop(connection: Connection) -> None:
    """Out of the way of what changes the tables."""
    for name in VIEWS:
        connection.exec_driver_sql(f"DROP VIEW IF EXISTS {name}")


def create(connection: Connection) -> None:
    """As they are in this version, unless they are there."""
    there = set(inspect(connection).get_view_names())
    for name in VIEWS.keys() - there:
        connection.exec_driver_sql(f"CREATE VIEW {name} AS {VIEWS[name]}")
