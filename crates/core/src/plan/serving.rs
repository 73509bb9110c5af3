//! A connection as a model's location: InferenceService and LLMInferenceService get the fields that
//! KServe reads. Which Secret may be used by which protocol is left to `resolve`.

mod inference_service;
mod llm_inference_service;
mod location;

use serde_json::{Value, json};

use super::advice::short;
use super::path::Path;
use super::record::{FieldSet, Record, Tied, annotation};
use super::reference::{self, BadReference, Single};
use super::resolve::{self, Unusable};
use super::tie::{Knot, Was, is_unset};
use super::{Account, Denial, Draft, Found, Needs, Request, is_in_effect};
use crate::connection::{Connection, Recognition};
use crate::names;
use crate::protocol::Protocol;
use crate::workload::WorkloadKind;

/// Longest name of a ServiceAccount.
const MAX_NAME: usize = 253;

/// The connection of a serving workload, resolved.
struct Resolved {
    connection: Connection,
    protocol: Protocol,
    /// Path below the bucket or registry, without a leading slash; empty when not given. A slash at
    /// the end stays: it tells `granite/` from `granite-2`.
    path: String,
    /// Whether only Alauda's annotation names the connection.
    is_alauda: bool,
}

pub(super) fn needs(request: &Request<'_>) -> Needs {
    let mut needs = Needs {
        values: true,
        ..Needs::default()
    };
    if let Ok(Some(single)) = single(request, request.object) {
        let name = single.entry.name;
        let is_kept = earlier_name(request).as_deref() == Some(&name);
        if !is_kept || !is_in_effect(request, &name) {
            needs.authorize.push(name.clone());
        }
        needs.read.push(name);
    }
    // What a peer injected can be told better by what its Secret says now.
    if let Some(earlier) = earlier_name(request) {
        let has_record = request.before.is_some_and(Record::is_on);
        if !has_record && !needs.read.contains(&earlier) {
            needs.read.push(earlier);
        }
    }
    needs
}

pub(super) fn plan(draft: &mut Draft<'_>) -> Result<(), Denial> {
    let request = draft.request;
    let single = match single(request, request.object) {
        Ok(Some(single)) => single,
        Ok(None) => return Ok(()),
        Err(bad) => return malformed(draft, &bad),
    };
    let is_touched = is_touched(draft, &single);
    match tie(draft, &single, is_touched) {
        Err(denial) if !is_touched => {
            keep(draft, &single.entry.name);
            draft.warn(unfrozen(&single.entry.name, &denial));
            Ok(())
        }
        outcome => outcome,
    }
}

/// The connection that the wanted object names; `None` when that cannot be read.
pub(super) fn named(request: &Request<'_>) -> Option<Vec<String>> {
    let single = single(request, request.object).ok()?;
    Some(single.into_iter().map(|single| single.entry.name).collect())
}

fn single(request: &Request<'_>, object: &Value) -> Result<Option<Single>, BadReference> {
    reference::single(object, request.kind == WorkloadKind::InferenceService)
}

fn earlier_name(request: &Request<'_>) -> Option<String> {
    let single = single(request, request.before?).ok()??;
    Some(single.entry.name)
}

/// Whether this request names the connection anew or asks something else of it. Only then may it be
/// denied: scaling or stopping must work whatever has become of the Secret.
fn is_touched(draft: &Draft<'_>, single: &Single) -> bool {
    let request = draft.request;
    let Some(before) = request.before else {
        return true;
    };
    let name = &single.entry.name;
    // The path means nothing to a connection that is one whole location.
    let is_uri = draft
        .stored
        .tied(name)
        .and_then(|tied| tied.protocol.as_deref())
        == Some("uri");
    let path = |object| {
        annotation(object, names::CONNECTION_PATH)
            .unwrap_or_default()
            .to_owned()
    };
    earlier_name(request).as_ref() != Some(name)
        || (!is_uri && path(before) != path(request.object))
}

fn malformed(draft: &mut Draft<'_>, bad: &BadReference) -> Result<(), Denial> {
    let text =
        |object| [names::CONNECTIONS, names::ALAUDA_SOURCE].map(|key| annotation(object, key));
    let request = draft.request;
    if request
        .before
        .is_none_or(|before| text(before) != text(request.object))
    {
        return Err(Denial::Forbidden(bad.to_string()));
    }
    for tied in draft.stored.connections.clone() {
        keep(draft, &tied.name);
    }
    draft.warn(bad.to_string());
    Ok(())
}

/// Puts back what the record says of a connection that cannot be tied now.
///
/// One that never took effect gets no line in the record: the next update would believe it.
fn keep(draft: &mut Draft<'_>, name: &str) {
    if let Some(earlier) = draft.stored.tied(name).cloned() {
        draft.tie(name, |knot| knot.restore(&earlier));
    }
}

fn unfrozen(name: &str, denial: &Denial) -> String {
    match denial {
        Denial::Unavailable(_) => format!(
            "connection `{}` could not be read; kept as it was",
            short(name)
        ),
        Denial::Forbidden(_) => {
            format!(
                "connection `{}` is missing or unusable now; what it injected was kept",
                short(name)
            )
        }
    }
}

fn tie(draft: &mut Draft<'_>, single: &Single, is_touched: bool) -> Result<(), Denial> {
    let resolved = resolve(draft, single)?;
    let name = &single.entry.name;
    warn_of_retyping(draft, name, resolved.protocol);
    let mut warnings = Vec::new();
    if is_touched {
        warnings.extend(resolve::findings(&resolved.connection.secret));
    }
    let mut fit = Fit {
        stored: draft.stored.tied(name).cloned(),
        resolved: &resolved,
        notes: Vec::new(),
        accounts: Vec::new(),
    };
    let kind = draft.request.kind;
    // A half-written object must not be kept when the connection turns out to be unusable.
    let untouched = (draft.object.clone(), draft.plan.record.clone());
    let outcome = draft.tie(name, |knot| {
        knot.tied.protocol = Some(fit.resolved.protocol.to_string());
        match kind {
            WorkloadKind::InferenceService => inference_service::write(knot, &mut fit),
            _ => llm_inference_service::write(knot, &mut fit),
        }
    });
    if let Err(denial) = outcome {
        (draft.object, draft.plan.record) = untouched;
        return Err(denial);
    }
    draft.plan.accounts.append(&mut fit.accounts);
    draft.plan.warnings.append(&mut warnings);
    fit.notes.into_iter().for_each(|note| draft.warn(note));
    Ok(())
}

fn resolve(draft: &Draft<'_>, single: &Single) -> Result<Resolved, Denial> {
    let name = &single.entry.name;
    let key = if single.is_alauda {
        names::ALAUDA_SOURCE
    } else {
        names::CONNECTIONS
    };
    let secret = match draft.found(name) {
        Found::Secret(secret) => secret,
        Found::Missing | Found::Forbidden => {
            return Err(Denial::Forbidden(format!(
                "annotation `{key}` names Secret `{name}`, which you cannot use in namespace `{}`: \
                 create it there, or ask for the right to `get` it",
                draft.request.namespace,
            )));
        }
        Found::Unavailable(reason) => {
            return Err(Denial::Unavailable(format!(
                "Secret `{name}` could not be read: {reason}"
            )));
        }
        Found::Variables(_) => {
            return Err(Denial::Unavailable(format!(
                "Secret `{name}` was read without its values"
            )));
        }
    };
    let protocol =
        resolve::protocol(secret).map_err(|unusable| Denial::Forbidden(unusable.to_string()))?;
    let path = annotation(draft.request.object, names::CONNECTION_PATH).unwrap_or_default();
    let path = path.trim().trim_start_matches('/').to_owned();
    let Recognition::Connection(connection) = Connection::from_secret(secret.clone()) else {
        return Err(Denial::Forbidden(
            Unusable::Untyped(name.clone()).to_string(),
        ));
    };
    Ok(Resolved {
        connection: *connection,
        protocol,
        path,
        is_alauda: single.is_alauda,
    })
}

fn warn_of_retyping(draft: &mut Draft<'_>, name: &str, protocol: Protocol) {
    let earlier = draft
        .stored
        .tied(name)
        .and_then(|tied| tied.protocol.clone());
    if let Some(earlier) = earlier.filter(|earlier| earlier != protocol.as_str()) {
        draft.warn(format!(
            "connection `{}` was `{earlier}` and is `{protocol}` now",
            short(name)
        ));
    }
}

/// What the kinds share while they write one connection into a workload.
struct Fit<'a> {
    /// What the connection brought before; what it does again is no news.
    stored: Option<Tied>,
    resolved: &'a Resolved,
    notes: Vec<String>,
    accounts: Vec<Account>,
}

impl Fit<'_> {
    fn name(&self) -> &str {
        &self.resolved.connection.secret.name
    }

    fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }

    /// Has the pods run under an account that links the Secret, unless the user has chosen one.
    fn account(&mut self, knot: &mut Knot<'_>, pods: &[Path]) -> Result<(), Denial> {
        let Account {
            name: account,
            secret,
        } = Account::of(self.name());
        let is_free = |pod: &Path| is_unset(pod.child("serviceAccountName").get(knot.object));
        if account.len() > MAX_NAME && pods.iter().any(is_free) {
            return Err(Denial::Forbidden(format!(
                "Secret `{}` needs a ServiceAccount `<name>-sa`, which would be longer than \
                 {MAX_NAME} characters: give the Secret a shorter name",
                self.name(),
            )));
        }
        let mut is_set = false;
        for pod in pods {
            let at = pod.child("serviceAccountName");
            is_set |= knot.set_if_unset(&at, json!(account));
            let is_own = at.get(knot.object).and_then(Value::as_str) == Some(&account);
            knot.tied.own_account |= is_own && !is_set;
        }
        if is_set || knot.tied.own_account {
            self.accounts.push(Account {
                name: account,
                secret,
            });
        }
        Ok(())
    }

    fn pull_secret(&self, knot: &mut Knot<'_>, pods: &[Path]) {
        for pod in pods {
            let item = json!({"name": self.name()});
            let is_same = |other: &Value| other.get("name") == item.get("name");
            knot.append(&pod.child("imagePullSecrets"), item.clone(), is_same);
        }
    }

    /// Sets the model's location to what the connection says, and tells when that replaces another.
    fn locate(&mut self, knot: &mut Knot<'_>, at: &Path, location: &str) {
        if knot.set(at, json!(location)) != Was::Replaced {
            return;
        }
        let was = knot.tied.fields.last().and_then(|field| field.was.clone());
        let is_known = |field: &FieldSet| field.at == at.text() && field.was == was;
        if !self
            .stored
            .iter()
            .flat_map(|tied| &tied.fields)
            .any(is_known)
        {
            let field = at.last_key().unwrap_or_default();
            self.note(format!(
                "`{field}` was replaced by the location of `{}`",
                short(self.name())
            ));
        }
    }

    /// Warns where the location that stands in the object is not one of this connection.
    fn check_location(&mut self, location: Option<&Value>) {
        let Some(location) = location.and_then(Value::as_str) else {
            return;
        };
        let name = short(self.name());
        if !location::is_of(self.resolved, location) {
            self.note(format!(
                "the model's location is not in the bucket or registry of `{name}`"
            ));
        }
    }
}

/// Whether the user has said where the model is.
fn is_given(value: Option<&Value>) -> bool {
    !is_unset(value)
}
