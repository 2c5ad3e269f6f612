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
      "ObjectStorageFullAccess",
      "PrivateNetworksFullAccess",
      "ProjectManager",
      "VPCFullAccess",
      "VPCGatewayReadOnly",
    ]
  }
  # Keys and secrets of workspaces are in the hub's project; those of the pseudonyms are in another, which this does not name.
  rule {
    project_ids          = [scaleway_account_project.hub.id]
    permission_set_names = ["KeyManagerFullAccess", "SecretManagerFullAccess"]
  }
}

# The keys that wrap the secrets of the projects' pseudonyms (HDH_KEY_SERVICE=scaleway), and nothing else: whoever prepares
# workspaces cannot open them, whoever makes extracts cannot open a workspace.
resource "scaleway_account_project" "pseudonyms" {
  name        = "hdh-pseudonyms-${var.environment}"
  description = "Keys of the pseudonyms: workers of the zone extract alone."
}

resource "scaleway_iam_application" "extractor" {
  name        = "hdh-extractor-${var.environment}"
  description = "Makes and destroys the keys of the pseudonyms."
  tags        = local.tags
}

resource "scaleway_iam_policy" "extractor" {
  name           = "hdh-extractor-${var.environment}"
  description    = "Key Manager in one project."
  application_id = scaleway_iam_application.extractor.id
  rule {
    project_ids          = [scaleway_account_project.pseudonyms.id]
    permission_set_names = ["KeyManagerFullAccess"]
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
