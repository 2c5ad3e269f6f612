"""Workspaces in sandboxes on this host."""

from apps.workspaces.providers.local.provider import LocalProvider

__all__ = ["LocalProvider"]
