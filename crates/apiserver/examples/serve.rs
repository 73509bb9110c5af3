//! Serves a Kubernetes API on this machine until Ctrl-C, and writes a kubeconfig for it.
//!
//! `cargo run --example serve -- STATE-DIRECTORY [ADDRESS] [DEFINITION.json…]`

use bowline_apiserver::kubeconfig::Access;
use bowline_apiserver::tls::Authority;
use bowline_apiserver::{ApiServer, Config, Token, UserInfo};
use std::error::Error;
use std::path::PathBuf;
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let directory = PathBuf::from(
        arguments
            .next()
            .ok_or("usage: serve STATE-DIRECTORY [ADDRESS] [DEFINITION.json…]")?,
    );
    let address = arguments.next().unwrap_or_else(|| "127.0.0.1:0".to_owned());

    let token = Token::random(UserInfo::administrator("admin"))?;
    let mut config = Config::new(directory.join("store.sqlite"));
    config.tokens.push(token.clone());
    for file in arguments {
        config
            .definitions
            .push(serde_json::from_slice(&std::fs::read(file)?)?);
    }
    let server = ApiServer::open(config).await?;

    let authority = Authority::in_directory(directory.join("tls"))?;
    let serving = authority.serving(&["localhost", "127.0.0.1", "::1"])?;
    let listener = TcpListener::bind(address).await?;
    let kubeconfig = directory.join("kubeconfig");
    let access = Access {
        name: "local",
        server: &format!("https://{}", listener.local_addr()?),
        certificate_pem: authority.certificate_pem(),
        token: token.secret(),
        namespace: "default",
    };
    access.write(&kubeconfig)?;
    #[expect(
        clippy::print_stdout,
        reason = "an example speaks to the person who runs it"
    )]
    {
        println!(
            "serving; try: kubectl --kubeconfig {} get namespaces",
            kubeconfig.display()
        );
    }
    let stop = async {
        let _ = tokio::signal::ctrl_c().await;
    };
    server
        .serve(listener, serving.server_config(), stop)
        .await?;
    Ok(())
}
