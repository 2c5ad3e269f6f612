variable "organization_id" {
  description = "The organization at the hosting platform."
  type        = string
}

variable "environment" {
  description = "Which installation this is: production, acceptance…"
  type        = string
  validation {
    condition     = can(regex("^[a-z]{3,20}$", var.environment))
    error_message = "A short name in small letters."
  }
}

variable "portal_host" {
  description = "The public name of the portal, such as portail.example.fr."
  type        = string
}

variable "workspaces_host" {
  description = "Workspaces are ws-<id>.<this name>; never the portal's own domain."
  type        = string
  validation {
    condition     = !endswith(var.workspaces_host, ".${var.portal_host}") && var.workspaces_host != var.portal_host
    error_message = "A workspace must not share an origin or cookies with the portal."
  }
}

variable "workspaces_certificate" {
  description = "Certificate chain and private key in PEM for *.<workspaces_host>, from the authority of the operator."
  type        = string
  sensitive   = true
}

variable "database_password" {
  description = "Password of the owner of the tables, given at run time (TF_VAR_database_password); never kept in the state."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "database_password_version" {
  description = "Raised by one whenever the password is changed."
  type        = number
  default     = 1
}

variable "database_node_type" {
  description = "Size of the managed PostgreSQL."
  type        = string
  default     = "DB-PRO2-S"
}

variable "broker_password" {
  description = "Password of the broker."
  type        = string
  sensitive   = true
}

variable "portal_addresses" {
  description = "Private addresses of the portal's servers, on the hub network."
  type        = list(string)
}

variable "gateway_addresses" {
  description = "Private addresses of the gateway's servers, on the hub network."
  type        = list(string)
}
