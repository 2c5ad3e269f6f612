resource "scaleway_account_project" "hub" {
  name        = "hdh-hub-${var.environment}"
  description = "Portal, gateway and what they share. Each workspace has a project of its own."
}

# The only identity that makes and destroys workspaces: workers of the zone `provision` alone hold its key.
resource "scaleway_iam_application" "provisioner" {
  name        = "hdh-provisioner-${var.environment}"
  description = "Makes, watches and destroys workspaces."
  tags        = local.tags
}

resource "scaleway_iam_policy" "provisioner" {
  name           = "hdh-provisioner-${var.environment}"
  description    = "A project per workspace, with its network, servers, volumes, buckets, keys and identities."
  application_id = scaleway_iam_application.provisioner.id
  rule {
    organization_id = var.organization_id
    permission_set_names = [
      "BlockStorageFullAccess",
      "IAMManager",
      "InstancesFullAccess",
      "IPAMFullAccess",
      "KeyManagerFullAccess",
      "ObjectStorageFullAccess",
      "PrivateNetworksFullAccess",
      "ProjectManager",
      "SecretManagerFullAccess",
      "VPCFullAccess",
    ]
  }
}

# Writes checkpoints of the audit log and can neither change nor remove them.
resource "scaleway_iam_application" "sealer" {
  name        = "hdh-sealer-${var.environment}"
  description = "Publishes checkpoints of the audit log."
  tags        = local.tags
}

resource "scaleway_iam_policy" "sealer" {
  name           = "hdh-sealer-${var.environment}"
  description    = "Adds objects; the bucket's lock keeps them."
  application_id = scaleway_iam_application.sealer.id
  rule {
    project_ids          = [scaleway_account_project.hub.id]
    permission_set_names = ["ObjectStorageObjectsRead", "ObjectStorageObjectsWrite"]
  }
}
