"""Workspaces in Scaleway's Paris region, each in a project of its own."""
