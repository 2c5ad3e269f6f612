"""An imitation of Scaleway's public API: its own process, its own memory, no Django model.

It exists so that provisioning can be tried, broken and demonstrated where no real cloud is reachable. It follows what
recorded traffic of the real API shows (states, delays, refusals, pagination, signatures), never a stored answer.
"""
