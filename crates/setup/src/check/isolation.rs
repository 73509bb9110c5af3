//! Each profile where it must not get to: at what belongs to others, and at the list of the whole
//! bucket. What succeeds there is lost isolation; what fails otherwise than by a refusal is not known.

use std::collections::BTreeMap;

use bowline_pipelines::check::{OWN_FOLDER, Visit, chosen_profiles, pairs, prefixes_of};
use bowline_pipelines::model::Profile;
use bowline_pipelines::policies::{Form, rights};
use bowline_probe::{Done, Errand};
use futures::future::join_all;
use futures::{FutureExt as _, StreamExt as _, stream};

use super::keys::{Keys, Login};
use super::standing::{Isolation, Pair, Root, Standing, Trial};
use super::{AT_ONCE, Check, MOST_PAIRS, News};

/// A profile with keys of its own.
struct Tenant<'a> {
    profile: &'a Profile,
    login: Login,
    /// What its keys begin with.
    prefixes: Vec<String>,
}

impl Tenant<'_> {
    fn name(&self) -> &str {
        &self.profile.name
    }

    fn planted(prefix: &str) -> String {
        format!("{prefix}{OWN_FOLDER}isolation")
    }

    /// What it tries to write to somebody else's.
    fn intruding(&self, prefix: &str) -> String {
        format!("{prefix}{OWN_FOLDER}isolation.{}", self.name())
    }

    async fn send(&self, check: &Check<'_>, all: &[Errand]) -> Vec<Done> {
        check.send(self.profile.namespace(), &self.login, all).await
    }
}

pub(super) async fn all(
    check: &Check<'_>,
    visits: &[Visit],
    keys: &Keys,
    told: &mut (dyn FnMut(News<'_>) + Send),
) -> Isolation {
    // Where there is one profile, the bucket is its own.
    if check.deployment.profiles.len() < 2 {
        return Isolation::default();
    }
    let tenants = tenants(check, visits, keys);
    let names: Vec<&str> = tenants.iter().map(Tenant::name).collect();
    let (pairs, left_out) = pairs(&names, MOST_PAIRS);
    let (shared, apart): (Vec<_>, Vec<_>) = pairs
        .into_iter()
        .partition(|(one, other)| is_same(&tenants[*one], &tenants[*other]));
    let planted = join_all(tenants.iter().map(|tenant| plant(check, tenant))).await;
    let planted: BTreeMap<String, Done> = planted.into_iter().flatten().collect();
    let one = |(one, other): (usize, usize)| {
        let (one, other) = (&tenants[one], &tenants[other]);
        intrude(check, one, other, &planted).boxed()
    };
    let all: Vec<_> = apart.into_iter().map(one).collect();
    let mut tried = Vec::with_capacity(all.len());
    let mut running = stream::iter(all).buffered(AT_ONCE);
    while let Some(pair) = running.next().await {
        told(News::Pair(&pair));
        tried.push(pair);
    }
    let roots = join_all(tenants.iter().map(|tenant| root(check, tenant))).await;
    join_all(
        tenants
            .iter()
            .map(|tenant| uproot(check, tenant, &planted, &tried)),
    )
    .await;
    tried.extend(
        shared
            .into_iter()
            .map(|(one, other)| Pair::of_one_key(tenants[one].name(), tenants[other].name())),
    );
    Isolation {
        same_keys: same_keys(&tenants),
        pairs: tried,
        roots: roots.into_iter().flatten().collect(),
        left_out,
    }
}

/// The profiles whose keys are known; about the others the rows of their readers say why not.
fn tenants<'a>(check: &Check<'a>, visits: &[Visit], keys: &Keys) -> Vec<Tenant<'a>> {
    let rights = rights(check.deployment, Form::Limited);
    let of_profile = |profile: &'a Profile| {
        let is_own = |visit: &&Visit| visit.namespace == profile.namespace() && visit.writes;
        let login = visits
            .iter()
            .filter(is_own)
            .find_map(|visit| keys.login(visit).ok());
        Some(Tenant {
            login: login?,
            prefixes: prefixes_of(&rights, profile),
            profile,
        })
    };
    let chosen = chosen_profiles(check.deployment, check.profiles);
    chosen.into_iter().filter_map(of_profile).collect()
}

fn is_same(one: &Tenant<'_>, other: &Tenant<'_>) -> bool {
    one.login.access_key == other.login.access_key
}

/// The profiles that have one key, for each key that several have; and whether the installation is
/// described so, or they should have different ones.
fn same_keys(tenants: &[Tenant<'_>]) -> Vec<(Vec<String>, bool)> {
    let mut by_key: BTreeMap<&str, Vec<&Tenant<'_>>> = BTreeMap::new();
    for tenant in tenants {
        by_key
            .entry(&tenant.login.access_key)
            .or_default()
            .push(tenant);
    }
    let several = by_key.into_values().filter(|tenants| tenants.len() > 1);
    several
        .map(|tenants| {
            let source = &tenants[0].profile.credentials;
            let is_described = tenants.iter().all(|it| it.profile.credentials == *source);
            let names = tenants.iter().map(|it| it.name().to_owned()).collect();
            (names, is_described)
        })
        .collect()
}

/// Puts an object where others will try to read it: whether a refusal means anything depends on there
/// being something.
async fn plant(check: &Check<'_>, tenant: &Tenant<'_>) -> Vec<(String, Done)> {
    let keys: Vec<String> = tenant
        .prefixes
        .iter()
        .map(|it| Tenant::planted(it))
        .collect();
    let errands: Vec<_> = keys.iter().cloned().map(Errand::Put).collect();
    let done = tenant.send(check, &errands).await;
    keys.into_iter().zip(done).collect()
}

async fn intrude(
    check: &Check<'_>,
    one: &Tenant<'_>,
    other: &Tenant<'_>,
    planted: &BTreeMap<String, Done>,
) -> Pair {
    let errands: Vec<Errand> = other
        .prefixes
        .iter()
        .flat_map(|prefix| {
            let key = one.intruding(prefix);
            [
                Errand::List(prefix.clone()),
                Errand::Get(Tenant::planted(prefix)),
                Errand::Put(key.clone()),
                Errand::Delete(key),
            ]
        })
        .collect();
    let done = one.send(check, &errands).await;
    let mut pair = Pair::new(one.name(), other.name());
    for (prefix, done) in other.prefixes.iter().zip(done.chunks(4)) {
        let is_there = planted.get(&Tenant::planted(prefix));
        let is_there = is_there.is_some_and(Done::is_passed);
        let read = Standing::of_read(&done[1], is_there);
        pair.add(Trial {
            prefix: prefix.clone(),
            read,
            write: Standing::of(&done[2]),
            list: Standing::of(&done[0]),
            is_left: done[2].is_passed() && !done[3].is_passed(),
        });
    }
    pair
}

/// The list of the whole bucket; nothing where all of it is the profile's own.
async fn root(check: &Check<'_>, tenant: &Tenant<'_>) -> Option<Root> {
    if tenant.prefixes.iter().any(String::is_empty) {
        return None;
    }
    let done = tenant.send(check, &[Errand::List(String::new())]).await;
    Some(Root {
        profile: tenant.name().to_owned(),
        list: Standing::of(done.first()?),
    })
}

/// Removes what was planted, and what others wrote and could not remove.
async fn uproot(
    check: &Check<'_>,
    tenant: &Tenant<'_>,
    planted: &BTreeMap<String, Done>,
    tried: &[Pair],
) {
    // What got no answer may be there.
    let may_be_there = |done: &Done| done.is_passed() || done.outcome.is_telling();
    let own = tenant.prefixes.iter().map(|prefix| Tenant::planted(prefix));
    let own = own.filter(|key| planted.get(key).is_some_and(may_be_there));
    let of_others = tried
        .iter()
        .filter(|pair| pair.other == tenant.name())
        .flat_map(|pair| {
            let left = pair.trials.iter().filter(|trial| trial.is_left);
            left.map(|trial| format!("{}{OWN_FOLDER}isolation.{}", trial.prefix, pair.profile))
        });
    let errands: Vec<_> = own.chain(of_others).map(Errand::Delete).collect();
    if !errands.is_empty() {
        tenant.send(check, &errands).await;
    }
}
