//! `bowline env`: connections as variables for a shell. The quoting is left to
//! `bowline_catalog::convert`.

use bowline_catalog::convert::{self, Shell};
use bowline_core::Secret;
use serde_json::{Map, Value};

use crate::args::{self, Env, EnvFormat};
use crate::cluster::Cluster;
use crate::failure::{Failure, Kind};
use crate::{lookup, terminal};

/// Prints the variables.
///
/// # Errors
/// When there is no such connection, the cluster does not answer, or a value is none that the form
/// can hold.
pub async fn run(args: &Env, flags: &args::Cluster) -> Result<(), Failure> {
    let cluster = Cluster::new(flags).await?;
    let namespace = cluster.namespace(args.project.namespace.as_deref());
    let mut secrets = Vec::new();
    for name in &args.names {
        secrets.push(lookup::connection(&cluster, namespace, name).await?);
    }
    let shell = match args.format {
        EnvFormat::Sh => Shell::Sh,
        EnvFormat::Fish => Shell::Fish,
        EnvFormat::Dotenv => Shell::Dotenv,
        EnvFormat::Json => return terminal::write(json(&secrets)?.as_bytes()),
    };
    let written = convert::export(shell, &secrets);
    for told in &written.findings {
        terminal::tell(&told.name, &told.finding);
    }
    terminal::write(written.text.expose())
}

/// One object of texts; the last connection wins.
fn json(secrets: &[Secret]) -> Result<String, Failure> {
    let mut object = Map::new();
    for secret in secrets {
        for (key, value) in &secret.data {
            let text = value.expose_str().ok_or_else(|| {
                let what = format!("`{key}` of connection `{}` is not UTF-8 text", secret.name);
                Failure::new(Kind::Invalid, what)
                    .cause("JSON holds nothing else")
                    .help("use `--format sh`, or `bowline run`")
            })?;
            object.insert(key.clone(), Value::from(text));
        }
    }
    Ok(format!("{:#}\n", Value::Object(object)))
}
