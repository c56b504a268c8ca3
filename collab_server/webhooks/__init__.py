"""Events for programs elsewhere: written with what they tell of, delivered at least once, signed as Standard Webhooks asks
(https://www.standardwebhooks.com).

The verbs on a webhook are actions/webhooks.py's; who may hear of what is outbox.py's.
"""

from collab_server.webhooks.delivery import Deliveries
from collab_server.webhooks.outbox import TYPES, Outbox, Scope

__all__ = ["TYPES", "Deliveries", "Outbox", "Scope"]
