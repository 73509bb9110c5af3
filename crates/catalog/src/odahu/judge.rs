//! Whether what a client sent makes a connection: ODAHU's rules and texts, in ODAHU's order. Where
//! ODAHU refuses what makes sense by now, its rule is left out: roles, and registries without login.

use std::collections::BTreeSet;

use bowline_core::Sensitive;
use jiff::Timestamp;

use super::answer::MASK;
use super::base64;
use super::draft::Draft;
use super::host::{destination, ecr_region};
use super::record::{Member, Record, Spec, Status, Type};

/// What stands before all findings.
const FAILED: &str = "Validation of connection is failed: ";

/// A draft that makes sense by itself.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// Name of the connection.
    pub id: String,
    spec: Spec,
    /// Members whose stored values are to be kept, since the mask was sent for them.
    kept: BTreeSet<Member>,
    vital: Option<bool>,
    status: Status,
}

/// Whether a text can be the name of a connection.
pub fn is_id(text: &str) -> bool {
    let is_word = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.len() <= 63
        && bytes.first().is_some_and(u8::is_ascii_lowercase)
        && bytes.last().is_some_and(|c| is_word(*c))
        && bytes.iter().all(|c| is_word(*c) || *c == b'-')
}

impl Draft {
    /// Judges the draft of a new connection.
    ///
    /// `host_keys` are those of [`host_keys`](super::host_keys), or why they could not be fetched.
    ///
    /// # Errors
    /// The text with all that is wrong.
    pub fn judge_new(
        self,
        host_keys: Option<Result<Sensitive, String>>,
    ) -> Result<Verdict, String> {
        judge(self, false, host_keys)
    }

    /// Judges the draft of a change, in which a masked member stands for the stored one.
    ///
    /// # Errors
    /// As for a new one.
    pub fn judge_change(
        self,
        host_keys: Option<Result<Sensitive, String>>,
    ) -> Result<Verdict, String> {
        judge(self, true, host_keys)
    }
}

fn judge(
    draft: Draft,
    is_change: bool,
    host_keys: Option<Result<Sensitive, String>>,
) -> Result<Verdict, String> {
    let mut findings = Vec::new();
    let mut spec = Spec::new(draft.type_.parse().unwrap_or(Type::S3));
    let mut kept = BTreeSet::new();
    for member in Member::ENCODED {
        if is_change && member.is_masked() && draft.text(member) == MASK {
            kept.insert(member);
            continue;
        }
        match base64::decode(draft.text(member)) {
            Ok(value) => spec.set(member, value),
            Err(error) => findings.push(format!("{}, error: {error}", not_base64(member))),
        }
    }
    for member in Member::ALL
        .into_iter()
        .filter(|member| !member.is_encoded())
    {
        spec.set(member, Sensitive::from(draft.text(member)));
    }
    if !is_id(&draft.id) {
        findings.push("ID is not valid".to_owned());
    }
    if draft.id.is_empty() {
        findings.push("empty \"ID\"".to_owned());
    }
    if !draft.has(Member::Uri) {
        findings.push("empty uri".to_owned());
    }
    match draft.type_.parse() {
        Ok(type_) => rules(type_, &draft, &mut findings),
        Err(_) => {
            let names = Type::ALL.map(Type::as_str).join(" ");
            let type_ = &draft.type_;
            findings.push(format!("unknown type: {type_}. Supported types: [{names}]"));
        }
    }
    match host_keys {
        Some(Ok(keys)) => spec.set(Member::PublicKey, keys),
        Some(Err(cause)) => findings.push(format!(
            "{cause}; can not extract the public SSH host key from URI: {cause}"
        )),
        None => {}
    }
    if spec.type_ == Type::Ecr && !spec.has(Member::Region) {
        let region = ecr_region(draft.text(Member::Uri)).unwrap_or_default();
        spec.set(Member::Region, Sensitive::from(region));
    }
    if !findings.is_empty() {
        return Err(format!("{FAILED}{}", findings.join("; ")));
    }
    Ok(Verdict {
        id: draft.id,
        spec,
        kept,
        vital: draft.vital,
        status: draft.status,
    })
}

fn not_base64(member: Member) -> &'static str {
    match member {
        Member::Password => "password must be base64-encoded",
        Member::KeySecret => "key secret must be base64-encoded",
        Member::KeyId => "key id must be base64-encoded",
        _ => "public key must be base64-encoded",
    }
}

/// What each type needs, as it was sent: what is no base64 counts as given.
fn rules(type_: Type, draft: &Draft, findings: &mut Vec<String>) {
    let has = |member| draft.has(member);
    let mut unless = |holds: bool, text: String| {
        if !holds {
            findings.push(text);
        }
    };
    let keys = |type_| {
        format!("{type_} type requires that keyID and keySecret parameters must be non-empty")
    };
    let (key, secret) = (has(Member::KeyId), has(Member::KeySecret));
    // A role does without keys; half a pair helps nobody.
    let has_keys = (key && secret) || (has(Member::Role) && !key && !secret);
    match type_ {
        Type::S3 => {
            unless(
                has(Member::Region),
                "s3 type requires that region must be non-empty".into(),
            );
            unless(has_keys, keys(type_));
        }
        Type::Gcs => {
            unless(
                has(Member::Region),
                "gcs type requires that region must be non-empty".into(),
            );
            let role = "gcs type does not support role parameter yet must be non-empty";
            unless(!has(Member::Role), role.into());
            let text = "gcs type requires that keySecret parameter must be non-empty";
            unless(secret, text.into());
        }
        Type::AzureBlob => {
            let text = "azureblob type requires that keySecret parameter contains HTTP endpoint \
                        with SAS Token";
            unless(secret, text.into());
        }
        Type::Docker => {
            let (user, password) = (has(Member::Username), has(Member::Password));
            unless(
                password || !user,
                "docker type requires the password parameter".into(),
            );
            unless(
                user || !password,
                "docker type requires the username parameter".into(),
            );
        }
        Type::Ecr => {
            let uri = draft.text(Member::Uri);
            let text = "not valid uri for ecr type: docker-credential-ecr-login can only be used \
                        with Amazon Elastic Container Registry.";
            unless(uri.is_empty() || ecr_region(uri).is_some(), text.into());
            unless(has_keys, keys(type_));
        }
        Type::Git => {}
    }
}

impl Verdict {
    /// The connection as a new one.
    pub fn create(self, now: Timestamp) -> Record {
        let mut spec = self.spec;
        spec.is_vital = self.vital.unwrap_or(false);
        Record {
            id: self.id,
            created_at: now,
            updated_at: now,
            spec,
            status: self.status,
        }
    }

    /// The connection in place of the stored one.
    ///
    /// Only an explicit `false` lifts the protection of a vital connection, since older clients do
    /// not know the member and send it never or as null.
    ///
    /// # Errors
    /// When a value is to be kept that is not there, or that would be sent elsewhere from now on.
    pub fn replace(self, stored: &Record, now: Timestamp) -> Result<Record, String> {
        let mut spec = self.spec;
        spec.is_vital = self.vital.unwrap_or(stored.spec.is_vital);
        let is_elsewhere = destination(&spec) != destination(&stored.spec);
        let mut findings = Vec::new();
        for member in Member::ENCODED
            .into_iter()
            .filter(|m| self.kept.contains(m))
        {
            let name = member.as_str();
            match stored.spec.get(member) {
                None => findings.push(format!(
                    "{name} is masked, but there is no stored value to keep; give it"
                )),
                Some(_) if is_elsewhere => findings.push(format!(
                    "{name} is masked, but the connection would lead to another system; \
                     give it again"
                )),
                Some(value) => spec.set(member, value.clone()),
            }
        }
        if !findings.is_empty() {
            return Err(format!("{FAILED}{}", findings.join("; ")));
        }
        Ok(Record {
            id: self.id,
            created_at: stored.created_at,
            updated_at: now,
            spec,
            status: self.status,
        })
    }
}
