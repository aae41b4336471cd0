# What ../compose/compose.yaml says, in terraform's words.
terraform {
  required_providers {
    docker = { source = "trading-db.local/bench/docker" }
  }
}

variable "name" { type = string }
variable "postgres_image" { type = string }
variable "postgres_port" { type = number }
variable "mongodb_image" { type = string }
variable "mongodb_port" { type = number }
variable "password" { type = string }

resource "docker_network" "databases" {
  name = var.name
}

resource "docker_volume" "data" {
  for_each = toset(["postgres_data", "mongodb_data", "mongodb_config"])
  name     = "${var.name}_${each.key}"
}

resource "docker_container" "postgres" {
  name  = "${var.name}-postgres"
  image = var.postgres_image
  env = [
    "POSTGRES_DB=trading_results",
    "POSTGRES_USER=trading_user",
    "POSTGRES_PASSWORD=${var.password}",
  ]
  wait = true
  networks_advanced { name = docker_network.databases.name }
  ports {
    ip       = "127.0.0.1"
    internal = 5432
    external = var.postgres_port
  }
  volumes {
    volume_name    = docker_volume.data["postgres_data"].name
    container_path = "/var/lib/postgresql/data"
  }
  healthcheck {
    test     = ["CMD", "pg_isready", "--quiet", "--host=127.0.0.1"]
    interval = "1s"
    retries  = 60
  }
}

resource "docker_container" "mongodb" {
  name  = "${var.name}-mongodb"
  image = var.mongodb_image
  env = [
    "MONGO_INITDB_DATABASE=trading_configs",
    "MONGO_INITDB_ROOT_USERNAME=admin",
    "MONGO_INITDB_ROOT_PASSWORD=${var.password}",
  ]
  wait = true
  networks_advanced { name = docker_network.databases.name }
  ports {
    ip       = "127.0.0.1"
    internal = 27017
    external = var.mongodb_port
  }
  volumes {
    volume_name    = docker_volume.data["mongodb_data"].name
    container_path = "/data/db"
  }
  volumes {
    volume_name    = docker_volume.data["mongodb_config"].name
    container_path = "/data/configdb"
  }
  healthcheck {
    test     = ["CMD", "bash", "-c", "</dev/tcp/$HOSTNAME/27017"]
    interval = "1s"
    retries  = 60
  }
}
