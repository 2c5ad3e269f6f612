resource "scaleway_lb_ip" "public" {
  project_id = scaleway_account_project.hub.id
  zone       = local.zone
}

resource "scaleway_lb" "public" {
  name                    = "hdh-public"
  type                    = "LB-GP-M"
  ip_ids                  = [scaleway_lb_ip.public.id]
  project_id              = scaleway_account_project.hub.id
  zone                    = local.zone
  ssl_compatibility_level = "ssl_compatibility_level_modern"
  tags                    = local.tags

  private_network {
    private_network_id = scaleway_vpc_private_network.hub.id
  }
  private_network {
    private_network_id = scaleway_vpc_private_network.gateway.id
  }
}

resource "scaleway_lb_certificate" "portal" {
  lb_id = scaleway_lb.public.id
  name  = "portal"
  letsencrypt {
    common_name = var.portal_host
  }
  lifecycle {
    create_before_destroy = true
  }
}

# A name for each workspace needs a wildcard, which the balancer cannot order by itself.
resource "scaleway_lb_certificate" "workspaces" {
  lb_id = scaleway_lb.public.id
  name  = "workspaces"
  custom_certificate {
    certificate_chain = var.workspaces_certificate
  }
  lifecycle {
    create_before_destroy = true
  }
}

resource "scaleway_lb_backend" "portal" {
  lb_id            = scaleway_lb.public.id
  name             = "portal"
  forward_protocol = "http"
  forward_port     = 8000
  server_ips       = var.portal_addresses
  timeout_server   = "30s"
  health_check_http {
    uri  = "/readyz"
    code = 200
  }
}

resource "scaleway_lb_backend" "gateway" {
  lb_id            = scaleway_lb.public.id
  name             = "gateway"
  forward_protocol = "http"
  forward_port     = 8001
  server_ips       = var.gateway_addresses
  # WebSockets of kernels stay open: the gateway itself cuts them when rights end.
  timeout_tunnel = "12h"
  health_check_http {
    uri  = "/healthz"
    code = 200
  }
}

resource "scaleway_lb_frontend" "https" {
  lb_id           = scaleway_lb.public.id
  name            = "https"
  backend_id      = scaleway_lb_backend.portal.id
  inbound_port    = 443
  certificate_ids = [scaleway_lb_certificate.portal.id, scaleway_lb_certificate.workspaces.id]
}

# Whatever is not the portal's own host is a workspace's; the gateway refuses names it does not know.
resource "scaleway_lb_route" "workspaces" {
  frontend_id       = scaleway_lb_frontend.https.id
  backend_id        = scaleway_lb_backend.gateway.id
  match_host_header = ".${var.workspaces_host}"
}
