//! Applying a whole installation: its objects, the agreement to copies, and last its Deployments, of which
//! those that run already are pointed at Secrets only once these are there.

use std::collections::BTreeSet;
use std::time::Duration;

use bowline_catalog::Error;
use bowline_pipelines::Deployment;
use bowline_pipelines::copies::{OPTED_IN, STATUS};
use bowline_pipelines::render;
use kube::Client;
use serde_json::Value;
use tokio::time::Instant;

use crate::objects::{self, Applied, Identity, State};
use crate::opt_in;

/// How long a copy may take that somebody else makes.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(100);

/// What is to be applied, and how.
#[derive(Clone, Copy)]
pub struct Wish<'a> {
    /// Whose objects they are.
    pub deployment: &'a Deployment,
    /// What was rendered of it.
    pub objects: &'a [Value],
    /// Whether fields are taken over that somebody else set.
    pub force: bool,
    /// Whether what is no longer rendered is deleted.
    pub prune: bool,
    /// Whether sources agree to be copied, and namespaces opt in.
    pub opt_in: bool,
    /// Whether the client writes nothing, so that nothing comes of what is written.
    pub is_dry: bool,
}

/// What was done with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It was applied.
    Applied(Applied),
    /// A source said that it may be copied.
    Agreed,
    /// A namespace said that it takes copies.
    OptedIn,
    /// It was no longer rendered.
    Deleted,
}

impl Done {
    /// The word for programs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Applied(applied) => applied.as_str(),
            Self::Agreed => "agreed",
            Self::OptedIn => "opted-in",
            Self::Deleted => "deleted",
        }
    }
}

/// Why an object is not as it was to be.
pub enum Trouble {
    /// The cluster refuses, or does not answer.
    Refused(Error),
    /// A Deployment stays as it is, since it would not start again.
    Withheld(Withheld),
}

/// A Deployment that was not pointed at Secrets that are not there.
pub struct Withheld {
    /// What is and is not so.
    pub what: String,
    maker: Maker,
    has_waited: bool,
    namespace: String,
}

/// Who makes the Secrets that Deployments read, where they are not rendered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Maker {
    /// The person, of a pipeline server.
    Person,
    Operator,
    Kyverno,
}

impl Maker {
    fn of(wish: &Wish<'_>) -> Self {
        let is_policy = |object: &Value| object["kind"] == "ClusterPolicy";
        match wish.deployment.server {
            Some(_) => Self::Person,
            None if wish.objects.iter().any(is_policy) => Self::Kyverno,
            None => Self::Operator,
        }
    }
}

impl Withheld {
    /// One next action, with the face's own words for giving sources, and for opting in.
    pub fn help(&self, secrets: &str, opt_in: &str) -> String {
        match self.maker {
            Maker::Person => "create it, then apply again".to_owned(),
            Maker::Kyverno => {
                format!("see that Kyverno runs, or give the source Secret with `{secrets}`")
            }
            Maker::Operator if self.has_waited => format!(
                "see that the operator keeps copies of this store (the chart's `pipelines.namespace`) and what \
                 ConfigMap `{}/{STATUS}` says, or give the source Secret with `{secrets}`",
                self.namespace
            ),
            Maker::Operator => format!(
                "give the source Secret with `{secrets}`, or let the operator make it with `{opt_in}`"
            ),
        }
    }
}

/// Who is told how each object ended.
struct Ends<F> {
    tell: F,
    is_whole: bool,
}

impl<F: FnMut(Identity, Result<Done, Trouble>)> Ends<F> {
    fn tell(&mut self, identity: Identity, end: Result<Done, Trouble>) {
        self.is_whole &= end.is_ok();
        (self.tell)(identity, end);
    }
}

/// Applies everything; what cannot be does not keep the rest from it, but nothing is deleted then. Each
/// object's end is told as it comes.
pub async fn apply(
    client: &Client,
    wish: Wish<'_>,
    tell: impl FnMut(Identity, Result<Done, Trouble>),
) {
    let mut ends = Ends {
        tell,
        is_whole: true,
    };
    let is_deployment = |object: &&Value| object["kind"] == "Deployment";
    let (last, first): (Vec<_>, Vec<_>) = wish.objects.iter().partition(is_deployment);
    let mut there = BTreeSet::new();
    for object in first {
        let end = one(client, object, wish.force).await;
        let identity = Identity::of(object);
        if end.is_ok() {
            there.insert(identity.clone());
        }
        ends.tell(identity, end);
    }
    if wish.opt_in {
        for yes in opt_in::needed(wish.deployment) {
            let said = opt_in::say(client, &yes).await;
            let done = match yes.is_source {
                true => Done::Agreed,
                false => Done::OptedIn,
            };
            ends.tell(yes.identity, said.map(|()| done).map_err(Trouble::Refused));
        }
    }
    deployments(client, &wish, last, there, &mut ends).await;
    if wish.prune && ends.is_whole {
        prune(client, &wish, &mut ends).await;
    }
}

async fn one(client: &Client, object: &Value, force: bool) -> Result<Done, Trouble> {
    let applied = objects::apply(client, object, force).await;
    applied.map(Done::Applied).map_err(Trouble::Refused)
}

async fn prune<F: FnMut(Identity, Result<Done, Trouble>)>(
    client: &Client,
    wish: &Wish<'_>,
    ends: &mut Ends<F>,
) {
    let owner = render::owner(wish.deployment);
    let stale = match objects::stale(client, &owner, wish.objects).await {
        Ok(stale) => stale,
        Err(error) => {
            let all = Identity::core("List", "", &owner);
            return ends.tell(all, Err(Trouble::Refused(error)));
        }
    };
    for stale in stale {
        let pruned = objects::prune(client, &stale).await;
        let pruned = pruned.map(|()| Done::Deleted).map_err(Trouble::Refused);
        ends.tell(stale.identity, pruned);
    }
}

/// A Deployment that runs, and the Secrets that it is to read and that are not there.
struct Held<'a> {
    object: &'a Value,
    missing: Vec<Identity>,
}

async fn deployments<F: FnMut(Identity, Result<Done, Trouble>)>(
    client: &Client,
    wish: &Wish<'_>,
    objects: Vec<&Value>,
    mut there: BTreeSet<Identity>,
    ends: &mut Ends<F>,
) {
    let maker = Maker::of(wish);
    let mut held = try_all(client, wish, objects, &mut there, ends).await;
    // What was refused may be what would make them.
    let may_come = ends.is_whole && may_come(client, wish, maker, &held).await;
    let deadline = Instant::now() + PATIENCE;
    while may_come && !held.is_empty() && !wish.is_dry && Instant::now() < deadline {
        tokio::time::sleep(PAUSE).await;
        let objects = held.into_iter().map(|held| held.object).collect();
        held = try_all(client, wish, objects, &mut there, ends).await;
    }
    for held in held {
        let end = match wish.is_dry && may_come {
            // Of a dry run nothing comes, so whatever would make them is believed.
            true => one(client, held.object, wish.force).await,
            false => Err(Trouble::Withheld(withheld(wish, &held, maker, may_come))),
        };
        ends.tell(Identity::of(held.object), end);
    }
}

/// Applies those that have what they need, and returns the others.
async fn try_all<'a, F: FnMut(Identity, Result<Done, Trouble>)>(
    client: &Client,
    wish: &Wish<'_>,
    objects: Vec<&'a Value>,
    there: &mut BTreeSet<Identity>,
    ends: &mut Ends<F>,
) -> Vec<Held<'a>> {
    let mut held = Vec::new();
    for object in objects {
        let end = match look(client, object, there).await {
            Ok(missing) if missing.is_empty() => one(client, object, wish.force).await,
            Ok(missing) => {
                held.push(Held { object, missing });
                continue;
            }
            Err(error) => Err(Trouble::Refused(error)),
        };
        ends.tell(Identity::of(object), end);
    }
    held
}

fn withheld(wish: &Wish<'_>, held: &Held<'_>, maker: Maker, has_waited: bool) -> Withheld {
    let missing: Vec<_> = held.missing.iter().map(Identity::quoted).collect();
    let who = match maker {
        Maker::Operator if has_waited => ", and the operator has not made it",
        Maker::Kyverno if has_waited => ", and Kyverno has not made it",
        _ => "",
    };
    Withheld {
        what: format!(
            "{} stays as it is, since it could not start again: {}, which it is to read, is not there{who}",
            Identity::of(held.object),
            missing.join(" and ")
        ),
        maker,
        has_waited,
        namespace: wish.deployment.namespaces.kubeflow.clone(),
    }
}

/// The Secrets that a Deployment is to read and that are not there; none for one of ours that is new or as
/// it is to be, which can wait for them.
async fn look(
    client: &Client,
    object: &Value,
    there: &mut BTreeSet<Identity>,
) -> Result<Vec<Identity>, Error> {
    let mut missing = Vec::new();
    for secret in secrets(object) {
        if there.contains(&secret) {
            continue;
        }
        match objects::exists(client, &secret).await? {
            true => drop(there.insert(secret)),
            false => missing.push(secret),
        }
    }
    if !missing.is_empty() {
        match objects::state(client, object).await? {
            State::New => missing.clear(),
            // It has been waiting for them.
            State::Same if !objects::is_a_part(object) => missing.clear(),
            State::Same | State::Changed { .. } => {}
        }
    }
    Ok(missing)
}

fn secrets(object: &Value) -> BTreeSet<Identity> {
    let namespace = object["metadata"]["namespace"].as_str().unwrap_or_default();
    let containers = object["spec"]["template"]["spec"]["containers"].as_array();
    let variables = containers.into_iter().flatten();
    let variables = variables.filter_map(|container| container["env"].as_array());
    let names = variables
        .flatten()
        .filter_map(|variable| variable["valueFrom"]["secretKeyRef"]["name"].as_str());
    names
        .map(|name| Identity::core("Secret", namespace, name))
        .collect()
}

/// Whether somebody has what they need to make the Secrets that are missing.
async fn may_come(client: &Client, wish: &Wish<'_>, maker: Maker, held: &[Held<'_>]) -> bool {
    match maker {
        Maker::Person => false,
        Maker::Kyverno => true,
        Maker::Operator if wish.opt_in => true,
        Maker::Operator => {
            let missing = held.iter().flat_map(|held| &held.missing);
            let namespaces: BTreeSet<_> = missing.map(Identity::namespace).collect();
            for namespace in &namespaces {
                if !objects::has_label(client, namespace, OPTED_IN).await {
                    return false;
                }
            }
            true
        }
    }
}
