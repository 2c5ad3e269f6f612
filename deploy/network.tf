resource "scaleway_vpc" "hub" {
  name       = "hdh-hub"
  project_id = scaleway_account_project.hub.id
  region     = local.region
  tags       = local.tags
}

# Portal, workers, database and broker.
resource "scaleway_vpc_private_network" "hub" {
  name       = "hdh-hub"
  vpc_id     = scaleway_vpc.hub.id
  project_id = scaleway_account_project.hub.id
  region     = local.region
  tags       = local.tags
  ipv4_subnet {
    subnet = "10.20.0.0/22"
  }
}

# The gateway alone sees workspaces: it stands on a network of its own, to which their connectors lead.
resource "scaleway_vpc_private_network" "gateway" {
  name       = "hdh-gateway"
  vpc_id     = scaleway_vpc.hub.id
  project_id = scaleway_account_project.hub.id
  region     = local.region
  tags       = local.tags
  ipv4_subnet {
    subnet = "10.20.4.0/24"
  }
}

# Between the networks of the hub nothing passes but the gateway's way to the database.
resource "scaleway_vpc_acl" "hub" {
  for_each       = { ipv4 = false, ipv6 = true }
  vpc_id         = scaleway_vpc.hub.id
  region         = local.region
  is_ipv6        = each.value
  default_policy = "drop"

  dynamic "rules" {
    for_each = each.value ? [] : [scaleway_rdb_instance.portal.private_network[0].port]
    content {
      protocol      = "TCP"
      source        = "10.20.4.0/24"
      destination   = "10.20.0.0/22"
      src_port_low  = 1024
      src_port_high = 65535
      dst_port_low  = rules.value
      dst_port_high = rules.value
      action        = "accept"
      description   = "Sessions of the gateway are rows."
    }
  }

  dynamic "rules" {
    for_each = each.value ? [] : [scaleway_rdb_instance.portal.private_network[0].port]
    content {
      protocol      = "TCP"
      source        = "10.20.0.0/22"
      destination   = "10.20.4.0/24"
      src_port_low  = rules.value
      src_port_high = rules.value
      dst_port_low  = 1024
      dst_port_high = 65535
      action        = "accept"
      description   = "Answers of the database."
    }
  }
}
