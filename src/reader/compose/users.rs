//! The users that well-known images make of their variables.
//! Source: the images' own pages (hub.docker.com/_/postgres, mysql, mariadb, mongo, rabbitmq, …).

use super::Service;
use super::variables::{Variables, words};
use crate::reader::tree::Node;

/// How an image makes a user.
struct Recipe {
    /// Parts of the image's name.
    images: &'static [&'static str],
    /// The variable with the name, and the name without it.
    user: (&'static str, &'static str),
    /// The variable with the password.
    password: &'static str,
    /// Variables by which it is made without a password, with the value that does so.
    open: &'static [(&'static str, &'static str)],
}

const YES: &str = "*";

const RECIPES: &[Recipe] = &[
    Recipe {
        images: &["postgres", "postgis", "timescale", "pgvector"],
        user: ("POSTGRES_USER", "postgres"),
        password: "POSTGRES_PASSWORD",
        open: &[("POSTGRES_HOST_AUTH_METHOD", "trust")],
    },
    Recipe {
        images: &["postgresql"],
        user: ("POSTGRESQL_USERNAME", "postgres"),
        password: "POSTGRESQL_PASSWORD",
        open: &[("ALLOW_EMPTY_PASSWORD", "yes")],
    },
    Recipe {
        images: &["mysql", "percona", "mariadb"],
        user: ("", "root"),
        password: "MYSQL_ROOT_PASSWORD",
        open: &[("MYSQL_ALLOW_EMPTY_PASSWORD", YES)],
    },
    Recipe {
        images: &["mysql", "percona", "mariadb"],
        user: ("MYSQL_USER", ""),
        password: "MYSQL_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["mariadb"],
        user: ("", "root"),
        password: "MARIADB_ROOT_PASSWORD",
        open: &[("MARIADB_ALLOW_EMPTY_ROOT_PASSWORD", YES)],
    },
    Recipe {
        images: &["mariadb"],
        user: ("MARIADB_USER", ""),
        password: "MARIADB_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["mongo"],
        user: ("MONGO_INITDB_ROOT_USERNAME", ""),
        password: "MONGO_INITDB_ROOT_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["rabbitmq"],
        user: ("RABBITMQ_DEFAULT_USER", "guest"),
        password: "RABBITMQ_DEFAULT_PASS",
        open: &[],
    },
    Recipe {
        images: &["mssql", "azure-sql-edge"],
        user: ("", "sa"),
        password: "SA_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["mssql", "azure-sql-edge"],
        user: ("", "sa"),
        password: "MSSQL_SA_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["clickhouse"],
        user: ("CLICKHOUSE_USER", "default"),
        password: "CLICKHOUSE_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["minio"],
        user: ("MINIO_ROOT_USER", "minioadmin"),
        password: "MINIO_ROOT_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["elasticsearch", "opensearch"],
        user: ("", "elastic"),
        password: "ELASTIC_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["opensearch"],
        user: ("", "admin"),
        password: "OPENSEARCH_INITIAL_ADMIN_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["influxdb"],
        user: ("DOCKER_INFLUXDB_INIT_USERNAME", ""),
        password: "DOCKER_INFLUXDB_INIT_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["couchdb"],
        user: ("COUCHDB_USER", ""),
        password: "COUCHDB_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["grafana"],
        user: ("GF_SECURITY_ADMIN_USER", "admin"),
        password: "GF_SECURITY_ADMIN_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["keycloak"],
        user: ("KEYCLOAK_ADMIN", "admin"),
        password: "KEYCLOAK_ADMIN_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["keycloak"],
        user: ("KC_BOOTSTRAP_ADMIN_USERNAME", "admin"),
        password: "KC_BOOTSTRAP_ADMIN_PASSWORD",
        open: &[],
    },
    Recipe {
        images: &["redis", "valkey"],
        user: ("", "default"),
        password: "REDIS_PASSWORD",
        open: &[("ALLOW_EMPTY_PASSWORD", "yes")],
    },
];

/// A user that is made.
pub(super) struct Made<'a> {
    pub(super) user: String,
    pub(super) secret: Option<&'a str>,
    pub(super) line: u32,
    /// Anybody gets in without a password.
    pub(super) open: bool,
}

pub(super) fn made<'a>(service: &Service<'a>, variables: &Variables<'a>) -> Vec<Made<'a>> {
    let image = service
        .get("image")
        .and_then(Node::text)
        .unwrap_or(service.name);
    // `registry.acme.test/postgres-exporter:1` is none.
    let name = image.rsplit('/').next().unwrap_or_default();
    let name = name.split([':', '@']).next().unwrap_or_default();
    let name = name.to_ascii_lowercase();
    if ["exporter", "backup", "admin", "express", "client"]
        .iter()
        .any(|w| name.contains(w))
    {
        return Vec::new();
    }
    let mut made: Vec<Made<'_>> = Vec::new();
    for recipe in RECIPES {
        if !recipe.images.iter().any(|part| name.contains(part)) {
            continue;
        }
        let open = recipe.open.iter().find_map(|(variable, value)| {
            let (found, line) = variables.get(variable)?;
            let found = found.unwrap_or_default();
            let off = ["", "false", "no", "0"]
                .iter()
                .any(|w| found.eq_ignore_ascii_case(w));
            let on = if *value == YES {
                !off
            } else {
                found.eq_ignore_ascii_case(value)
            };
            on.then_some(*line)
        });
        let password = variables.get(recipe.password);
        let file = format!("{}_FILE", recipe.password);
        let from_file = variables.get(file.as_str());
        let line = match (password, from_file, open) {
            (Some((_, line)), _, _) | (None, Some((_, line)), _) => *line,
            (None, None, Some(line)) => line,
            (None, None, None) => continue,
        };
        let named = variables.get(recipe.user.0).and_then(|(value, _)| *value);
        let user = named.unwrap_or(recipe.user.1);
        if user.is_empty() {
            continue;
        }
        let secret = password.and_then(|(value, _)| *value);
        let open = open.is_some() && secret.is_none_or(str::is_empty);
        if made.iter().all(|other| other.user != user) {
            made.push(Made {
                user: user.to_owned(),
                secret,
                line,
                open,
            });
        }
    }
    made
}

/// `redis-server --requirepass …`.
pub(super) fn command_password<'a>(service: &Service<'a>) -> Option<(&'a str, u32)> {
    let command = service.get("command")?;
    let words = words(command);
    let at = words.iter().position(|word| *word == "--requirepass")?;
    let secret = words.get(at + 1)?.trim_matches(['"', '\'']);
    Some((secret, command.line))
}
