//! `bowline up`: a Kubernetes API on this machine that ties connections. What it is made of is left
//! to `embed`.

use std::io::Write;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::args::{LogFormat, Up, UpOutput};
use crate::embed::{Listening, Reach, Settings, Stack};
use crate::failure::{Failure, Kind};
use crate::{process, terminal, web};

/// What `--output json` says, on one line, when everything is ready.
#[derive(Serialize)]
struct Ready<'a> {
    kubeconfig: &'a str,
    kubernetes: &'a str,
    admission: &'a str,
    http: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    https: Option<&'a str>,
    token: &'a str,
    ca: &'a str,
    login: &'a str,
}

/// Serves until it is told to stop.
///
/// # Errors
/// When the server cannot be started, or stops by itself.
pub async fn run(args: Up) -> Result<(), Failure> {
    let _telemetry = process::tell(LogFormat::Text);
    let settings = Settings {
        data: args.state.folder()?,
        key: args.state.key(),
        kubernetes_port: args.kubernetes_port,
        admission_port: args.admission_port,
        http_port: args.http_port,
        reach: reach(&args)?,
        token_file: args.token_auth_file.clone(),
        homes: args.web.homes(),
        oidc: web::provider(&args.web.open_id)?,
        tests: args.test_connections,
        pipelines: args.pipelines_namespace.clone(),
        // Whoever is elsewhere must not reach this machine's own addresses by a test.
        bounds: args.web.tests.bounds(args.listen.is_none()),
        odahu: args.odahu.clone(),
    };
    let stack = Stack::open(&settings).await?;
    announce(args.output, stack.listening())?;
    let stopping = CancellationToken::new();
    process::serve(stack.serve(stopping.clone()), stopping).await
}

/// What is reached from other machines, as the flags say.
fn reach(args: &Up) -> Result<Option<Reach>, Failure> {
    let Some(address) = args.listen else {
        return Ok(None);
    };
    let refused = |what: &str, help: &str| Err(Failure::new(Kind::Usage, what).help(help));
    if address.is_unspecified() {
        return refused(
            "`--listen` names no address that a certificate could be for",
            "name the address of this machine by which clients reach it",
        );
    }
    if args.odahu.is_open {
        return refused(
            "`--odahu-open` asks nobody who they are, and so is for loopback only",
            "leave out one of `--listen` and `--odahu-open`",
        );
    }
    Ok(Some(Reach {
        address,
        https_port: args.https_port,
    }))
}

fn far(at: &Listening) -> String {
    let line = |url| format!("  REST over TLS   {url}/docs/\n");
    at.https.as_deref().map(line).unwrap_or_default()
}

fn announce(output: UpOutput, at: &Listening) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    let written = match output {
        UpOutput::Json => {
            let ready = Ready {
                kubeconfig: &at.kubeconfig.to_string_lossy(),
                kubernetes: &at.kubernetes,
                admission: &at.admission,
                http: &at.http,
                https: at.https.as_deref(),
                token: &at.token,
                ca: &at.ca.to_string_lossy(),
                login: &at.login,
            };
            serde_json::to_writer(&mut out, &ready)
                .map_err(std::io::Error::from)
                .and_then(|()| writeln!(out))
        }
        UpOutput::Text => writeln!(
            out,
            "{bold}Bowline is up.{bold:#} Ctrl-C stops it.\n\n  \
             Kubernetes API  {}\n  admission       {}/mutate, {}/validate\n  health          {}/readyz\n  \
             REST            {}/docs/\n{far}  sign in once    {}\n\n\
             Next:\n  export KUBECONFIG={}\n  kubectl get namespaces\n  bowline list -A",
            at.kubernetes,
            at.admission,
            at.admission,
            at.http,
            at.http,
            at.login,
            at.kubeconfig.display(),
            far = far(at),
            bold = terminal::BOLD,
        ),
    };
    written.and_then(|()| out.flush()).map_err(|error| {
        Failure::new(Kind::Internal, "cannot say where the server listens").caused_by(&error)
    })
}
