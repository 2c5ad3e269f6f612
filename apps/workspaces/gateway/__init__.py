"""The only entrance to workspaces: one small process, one origin per workspace."""
