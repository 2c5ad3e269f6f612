output "public_address" {
  description = "Where the names of the portal and of the workspaces must lead."
  value       = scaleway_lb_ip.public.ip_address
}

output "database" {
  description = "Host and port of PostgreSQL on the hub network, and its certificate for sslmode=verify-full."
  value = {
    host        = scaleway_rdb_instance.portal.private_network[0].hostname
    port        = scaleway_rdb_instance.portal.private_network[0].port
    certificate = scaleway_rdb_instance.portal.certificate
  }
}

output "registry" {
  description = "Where images are pushed."
  value       = scaleway_registry_namespace.images.endpoint
}

output "gateway_network" {
  description = "The private network to which workspaces are connected."
  value       = scaleway_vpc_private_network.gateway.id
}

output "hub_project" {
  description = "The project of the platform itself."
  value       = scaleway_account_project.hub.id
}

output "pseudonyms_project" {
  description = "HDH_SCALEWAY_HUB_PROJECT of the zone extract: the project of the keys of the pseudonyms."
  value       = scaleway_account_project.pseudonyms.id
}

output "identities" {
  description = "For whom an administrator makes API keys that end, one for each zone that has an account."
  value = {
    provision = scaleway_iam_application.provisioner.id
    extract   = scaleway_iam_application.extractor.id
    default   = scaleway_iam_application.sealer.id
  }
}

output "networks" {
  description = "HDH_SCALEWAY_HUB_NETWORK and HDH_SCALEWAY_GATEWAY_NETWORK of the zone provision."
  value       = { hub = local.hub_subnet, gateway = local.gateway_subnet }
}
