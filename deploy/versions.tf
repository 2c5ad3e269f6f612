# What the platform needs once, whatever the number of projects. Workspaces are made by the portal's own workers.
terraform {
  required_version = ">= 1.8"
  required_providers {
    scaleway = {
      source  = "scaleway/scaleway"
      version = "~> 2.61"
    }
  }
}

# Health data stay in Paris: region and zone are not variables.
locals {
  region = "fr-par"
  zone   = "fr-par-1"
  tags   = ["hdh-portal", "environment:${var.environment}"]
}

provider "scaleway" {
  region          = local.region
  zone            = local.zone
  organization_id = var.organization_id
}
