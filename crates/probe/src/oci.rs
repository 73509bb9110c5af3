//! Proves a registry connection: the login of the docker config is found and taken, an image's
//! manifest can be pulled, and on request its repository be pushed to.
//!
//! After the distribution specification of the Open Container Initiative, and the token
//! specification of the CNCF's Distribution. What a workload does with the image is left to it.

mod challenge;
mod ecr;
mod image;
mod pull;
mod push;
mod sign_in;

use bowline_core::docker_config::Login;
use bowline_core::{Connection, Protocol};
use url::{Host, Url};

use crate::outcome;
use crate::report::StepName;
use crate::session::{Place, Session};
use crate::trouble::Trouble;
use image::Image;
use sign_in::Pass;

/// One registry, signed in to for one image.
struct Registry {
    base: Url,
    image: Image,
    pass: Pass,
}

pub(crate) async fn run(session: &mut Session<'_>, place: &Place) -> Result<(), Trouble> {
    let is_location = session.request.connection.protocol == Some(Protocol::Uri);
    let image = Image::of(place, is_location)?;
    let base = address(session.connection, &image.registry)?;
    let access = session.connection.access();
    let is_push = session.ask.push;
    session.reach(&base).await?;

    session.begin(StepName::SignIn);
    let login = match ecr::login(session, &image.registry).await? {
        Some(login) => Some(login),
        None => found(session.connection, &image),
    };
    if login.is_none() && ecr::is_elsewhere(session, &image.registry) {
        session.warn(&outcome::IDENTITY_ELSEWHERE);
        return Ok(());
    }
    let scope = image.scope(access.push && is_push);
    let pass = sign_in::sign_in(session, &base, login.as_ref(), scope.as_deref()).await?;
    match (&login, pass.is_asked) {
        (Some(_), true) => session.pass(&image.registry),
        (_, false) => session.pass("the registry asks for no login"),
        (None, true) => {
            let doubt = Trouble::new(&outcome::NO_LOGIN_FOR_HOST).detail(&image.registry);
            session.warn(doubt);
        }
    }

    let registry = Registry { base, image, pass };
    if registry.image.repository.is_none() {
        session.skip(
            StepName::Object,
            Trouble::new(&outcome::NOT_ASKED).detail("no path was given"),
        );
        return Ok(());
    }
    match access.pull {
        true => pull::run(session, &registry).await?,
        false => {
            let left_out =
                Trouble::new(&outcome::NOT_ASKED).detail("`ACCESS_TYPE` is for pushing only");
            session.skip(StepName::Object, left_out);
        }
    }
    if is_push {
        session.begin(StepName::Right);
        if !access.push {
            return Err(Trouble::new(&outcome::PUSH_NOT_MEANT));
        }
        push::run(session, &registry).await?;
    }
    Ok(())
}

/// The login of the docker config.
fn found(connection: &Connection, image: &Image) -> Option<Login> {
    let config = connection.value(".dockerconfigjson")?;
    let repository = image.repository.as_deref().unwrap_or_default();
    Login::find(
        config.expose(),
        &format!("{}/{repository}", image.login_host),
    )
}

/// Where the registry is. What people wrote decides; else a registry on this machine is spoken to
/// without TLS, as container runtimes do.
fn address(connection: &Connection, registry: &str) -> Result<Url, Trouble> {
    let written = connection
        .read("OCI_HOST")
        .and_then(|host| host.text.trim().split_once("://"));
    let is_this = |(_, rest): &(&str, &str)| rest.split('/').next() == Some(registry);
    let scheme = match written.filter(is_this) {
        Some((scheme, _)) => scheme,
        None if is_loopback(registry) => "http",
        None => "https",
    };
    let unreadable = || Trouble::new(&outcome::ADDRESS_UNREADABLE);
    Url::parse(&format!("{scheme}://{registry}/v2/")).map_err(|_| unreadable())
}

fn is_loopback(registry: &str) -> bool {
    let url = Url::parse(&format!("http://{registry}"));
    match url.as_ref().map(Url::host) {
        Ok(Some(Host::Domain(name))) => name == "localhost",
        Ok(Some(Host::Ipv4(address))) => address.is_loopback(),
        Ok(Some(Host::Ipv6(address))) => address.is_loopback(),
        _ => false,
    }
}

impl Registry {
    /// The address of something of the image's repository.
    fn at(&self, rest: &str) -> Result<Url, Trouble> {
        let repository = self.image.repository.as_deref().unwrap_or_default();
        let url = self.base.join(&format!("{repository}/{rest}"));
        url.map_err(|_| Trouble::new(&outcome::IMAGE_NAME_WRONG))
    }
}
