# The one database: rows are the queue, the sessions, the decisions and the audit log.
resource "scaleway_rdb_instance" "portal" {
  name                      = "hdh-portal"
  project_id                = scaleway_account_project.hub.id
  region                    = local.region
  engine                    = "PostgreSQL-16"
  node_type                 = var.database_node_type
  is_ha_cluster             = true
  volume_type               = "sbs_15k"
  volume_size_in_gb         = 200
  encryption_at_rest        = true
  user_name                 = "hdh_owner"
  password_wo               = var.database_password
  password_wo_version       = var.database_password_version
  disable_backup            = false
  backup_schedule_frequency = 24
  backup_schedule_retention = 35
  backup_same_region        = true
  tags                      = local.tags

  # Reached on the hub network alone: no public endpoint.
  private_network {
    pn_id       = scaleway_vpc_private_network.hub.id
    enable_ipam = true
  }

  lifecycle {
    prevent_destroy = true
  }
}

resource "scaleway_rdb_database" "portal" {
  instance_id = scaleway_rdb_instance.portal.id
  region      = local.region
  name        = "hdh"
}

# A doorbell: emptied or lost, it costs seconds.
resource "scaleway_redis_cluster" "broker" {
  name         = "hdh-broker"
  project_id   = scaleway_account_project.hub.id
  zone         = local.zone
  version      = "7.2.11"
  node_type    = "RED1-S"
  cluster_size = 1
  user_name    = "hdh"
  password     = var.broker_password
  tls_enabled  = true
  tags         = local.tags

  private_network {
    id = scaleway_vpc_private_network.hub.id
  }
}

resource "scaleway_registry_namespace" "images" {
  name        = "hdh-${var.environment}"
  description = "Images of the portal and of workspaces."
  project_id  = scaleway_account_project.hub.id
  region      = local.region
  is_public   = false
}

# Checkpoints of the audit log, kept from everybody, the operator included, for ten years.
resource "scaleway_object_bucket" "checkpoints" {
  name                = "hdh-checkpoints-${var.environment}"
  project_id          = scaleway_account_project.hub.id
  region              = local.region
  object_lock_enabled = true
  versioning {
    enabled = true
  }
  lifecycle {
    prevent_destroy = true
  }
}

resource "scaleway_object_bucket_lock_configuration" "checkpoints" {
  bucket     = scaleway_object_bucket.checkpoints.id
  project_id = scaleway_account_project.hub.id
  region     = local.region
  rule {
    default_retention {
      mode  = "COMPLIANCE"
      years = 10
    }
  }
}

# Wraps the secrets of the projects' pseudonyms where the keyring file keeps them (HDH_KEY_SERVICE=keyring): it seals the
# unlock secret of that file. With HDH_KEY_SERVICE=scaleway the portal makes one key for each project itself.
resource "scaleway_key_manager_key" "master" {
  name        = "hdh-master"
  project_id  = scaleway_account_project.pseudonyms.id
  region      = local.region
  usage       = "symmetric_encryption"
  algorithm   = "aes_256_gcm"
  description = "Wraps the master key of the pseudonyms."
  tags        = local.tags
  unprotected = false
  rotation_policy {
    rotation_period = "8760h"
  }
}
