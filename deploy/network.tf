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
    subnet = local.hub_subnet
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
    subnet = local.gateway_subnet
  }
}

locals {
  hub_subnet     = "10.20.0.0/22"
  gateway_subnet = "10.20.4.0/24"
  # Private networks of workspaces get theirs from here.
  workspaces_subnet = "172.16.0.0/12"

  # Workers reach the agents of workspaces, the gateway their JupyterLab; lists hold no state, so answers are named too.
  ways_to_workspaces = {
    agent       = { from = local.hub_subnet, port = 8443 }
    application = { from = local.gateway_subnet, port = 8888 }
  }
}

# Between the networks of the hub nothing passes but the gateway's way to the database, and the two ways to workspaces.
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
      source        = local.gateway_subnet
      destination   = local.hub_subnet
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
      source        = local.hub_subnet
      destination   = local.gateway_subnet
      src_port_low  = rules.value
      src_port_high = rules.value
      dst_port_low  = 1024
      dst_port_high = 65535
      action        = "accept"
      description   = "Answers of the database."
    }
  }

  dynamic "rules" {
    for_each = each.value ? {} : local.ways_to_workspaces
    content {
      protocol      = "TCP"
      source        = rules.value.from
      destination   = local.workspaces_subnet
      src_port_low  = 1024
      src_port_high = 65535
      dst_port_low  = rules.value.port
      dst_port_high = rules.value.port
      action        = "accept"
      description   = "To the ${rules.key} of workspaces."
    }
  }

  dynamic "rules" {
    for_each = each.value ? {} : local.ways_to_workspaces
    content {
      protocol      = "TCP"
      source        = local.workspaces_subnet
      destination   = rules.value.from
      src_port_low  = rules.value.port
      src_port_high = rules.value.port
      dst_port_low  = 1024
      dst_port_high = 65535
      action        = "accept"
      description   = "Answers of the ${rules.key} of workspaces."
    }
  }
}
